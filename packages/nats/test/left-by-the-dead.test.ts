import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { Inbox, openBroker, ownToken, proxied, record, request, statusOf, unique } from "./fixtures.ts";
import type { ToldBroker } from "./fixtures.ts";

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => String(from + n));

/** Publishes in this order. */
async function publishAll(broker: ToldBroker, topic: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) await broker.publish(record(topic, text));
}

describe.skipIf(brokerUrl === undefined)("what a process had when it died", () => {
  // Longer than any test waits: what comes before does not come by the end of its lease.
  const native = { ackWaitMs: 120_000 };

  it.each([
    ["of a group", { group: "g" }],
    ["that is durable without a group", { durable: true }],
  ])("comes to the next process of a subscription %s at once, before anything later", async (_name, owner) => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    const [dying, whole] = [await openBroker({ url, native }), await openBroker({ native })];
    const asked = request(`${token}.*`, { ...owner, maxInFlight: 16 });
    const former = new Inbox();
    await dying.subscribe(asked, former.sink);
    await publishAll(whole, `${token}.a`, numbers(0, 16));
    for (const delivery of (await former.received(16)).slice(0, 4)) delivery.settle("ack");
    // It asks for more, so that some are on their way to it when it is gone for good.
    await publishAll(whole, `${token}.a`, numbers(16, 18));
    await former.received(18);
    proxy.refuse();
    proxy.cut();
    await statusOf(dying, "disconnected");
    await publishAll(whole, `${token}.a`, numbers(18, 40));
    const inbox = new Inbox((delivery) => void setImmediate(() => delivery.settle("ack")));
    await whole.subscribe(asked, inbox.sink);
    await inbox.received(36);
    expect(inbox.texts).toEqual(numbers(4, 40));
  });

  it("stays with a process that is there and busy, whoever joins", async () => {
    const token = ownToken();
    const [busy, joining] = [await openBroker({ native }), await openBroker({ native })];
    const name = unique("busbar-test-");
    const first = new Inbox();
    await busy.subscribe(request(`${token}.*`, { group: "g", name, maxInFlight: 1 }), first.sink);
    await busy.publish(record(`${token}.a`, "busy"));
    await first.received(1);
    const second = new Inbox((delivery) => delivery.settle("ack"));
    await joining.subscribe(request(`${token}.*`, { group: "g", name }), second.sink);
    await publishAll(joining, `${token}.a`, numbers(0, 10));
    await second.received(10);
    expect(second.texts).toEqual(numbers(0, 10));
    expect(first.texts).toEqual(["busy"]);
  });
});
