import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { Inbox, openBroker, ownToken, proxied, record, request, statusOf, streamsOf, unique } from "./fixtures.ts";
import type { ToldBroker } from "./fixtures.ts";

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => String(from + n));

/** The order in which each came for the first time. */
const firsts = (texts: readonly string[]): string[] => [...new Set(texts)];

/** Publishes in this order. */
async function publishAll(broker: ToldBroker, topic: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) await broker.publish(record(topic, text));
}

/** An inbox that acknowledges a moment later, one after the other, as handlers do. */
function unhurried(): Inbox {
  return new Inbox((delivery) => void setImmediate(() => delivery.settle("ack")));
}

describe.skipIf(brokerUrl === undefined)("what the server had sent when the connection was cut", () => {
  // Longer than any test waits: what comes again before does not come by the end of its lease.
  const native = { ackWaitMs: 120_000 };

  it.each([
    ["a broadcast", {}],
    ["a durable subscription without a group", { durable: true }],
    ["the only member of a group", { group: "g" }],
  ])("comes again to %s at once, before anything later", { timeout: 30_000 }, async (_name, owner) => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    const [cut, publisher] = [await openBroker({ url, native }), await openBroker()];
    const inbox = unhurried();
    await cut.subscribe(request(`${token}.*`, owner), inbox.sink);
    await publishAll(publisher, `${token}.a`, numbers(0, 20));
    await inbox.received(20);
    for (const from of [20, 60]) {
      proxy.freeze("answers");
      await publishAll(publisher, `${token}.a`, numbers(from, from + 20));
      proxy.refuse();
      proxy.cut();
      await statusOf(cut, "disconnected");
      cut.told.length = 0;
      await publishAll(publisher, `${token}.a`, numbers(from + 20, from + 40));
      proxy.accept();
      await inbox.until(() => firsts(inbox.texts).length === from + 40);
    }
    expect(firsts(inbox.texts)).toEqual(numbers(0, 100));
  });

  it("comes again with what was out, in the order of the stream", { timeout: 30_000 }, async () => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    const [cut, publisher] = [await openBroker({ url, native }), await openBroker()];
    const inbox = new Inbox();
    await cut.subscribe(request(`${token}.*`, { group: "g" }), inbox.sink);
    await publishAll(publisher, `${token}.a`, numbers(0, 10));
    const out = [...(await inbox.received(10))];
    proxy.freeze("answers");
    await publishAll(publisher, `${token}.a`, numbers(10, 20));
    proxy.refuse();
    proxy.cut();
    await statusOf(cut, "disconnected");
    // Handled while there is no connection: these do not come again.
    for (const delivery of out.filter((_, n) => n % 2 === 0)) delivery.settle("ack");
    await publishAll(publisher, `${token}.a`, numbers(20, 30));
    proxy.accept();
    await inbox.received(10 + 25);
    const odd = numbers(0, 10).filter((_, n) => n % 2 === 1);
    expect(inbox.texts.slice(10)).toEqual([...odd, ...numbers(10, 30)]);
  });

  it(
    "is waited for by one member of several, and what another handles is left to it",
    { timeout: 30_000 },
    async () => {
      const token = ownToken();
      const { proxy, url } = await proxied();
      const short = { ackWaitMs: 2_000 };
      const [cut, whole] = [await openBroker({ url, native: short }), await openBroker({ native: short })];
      const name = unique("busbar-test-");
      // This one is busy with its first message until the end, and has room for no other.
      const busy = new Inbox();
      await whole.subscribe(request(`${token}.*`, { group: "g", name, maxInFlight: 1 }), busy.sink);
      await whole.publish(record(`${token}.a`, "busy"));
      await busy.received(1);
      const inbox = unhurried();
      await cut.subscribe(request(`${token}.*`, { group: "g", name }), inbox.sink);
      await publishAll(whole, `${token}.a`, numbers(0, 20));
      await inbox.received(20);
      proxy.freeze("answers");
      await publishAll(whole, `${token}.a`, numbers(20, 40));
      proxy.refuse();
      proxy.cut();
      await statusOf(cut, "disconnected");
      await publishAll(whole, `${token}.a`, numbers(40, 60));
      proxy.accept();
      await inbox.until(() => firsts(inbox.texts).length === 60);
      expect(firsts(inbox.texts)).toEqual(numbers(0, 60));
      expect(busy.texts).toEqual(["busy"]);
      expect(inbox.texts).not.toContain("busy");
      busy.deliveries[0]?.settle("ack");
      const api = await streamsOf();
      const stream = busy.deliveries[0]?.record.native as { reply: string };
      await expect
        .poll(async () => (await api.consumers.info(stream.reply.split(".")[2] ?? "", name)).num_ack_pending)
        .toBe(0);
    },
  );

  it("does not hurry what was given back for later", { timeout: 30_000 }, async () => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    const [cut, publisher] = [await openBroker({ url, native }), await openBroker()];
    const inbox = new Inbox();
    const subscriber = await cut.subscribe(request(`${token}.*`, { group: "g" }), inbox.sink);
    await publishAll(publisher, `${token}.a`, ["later", "out"]);
    const [later] = await inbox.received(2);
    later?.settle("release", 3_000);
    await subscriber.flush();
    proxy.freeze("answers");
    await publishAll(publisher, `${token}.a`, ["lost"]);
    proxy.cut();
    await publishAll(publisher, `${token}.a`, ["new"]);
    await inbox.received(6);
    expect(inbox.texts).toEqual(["later", "out", "out", "lost", "new", "later"]);
  });
});
