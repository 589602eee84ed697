import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { foreignClient, Inbox, nextStatus, openBroker, proxied, record, request, unique } from "./fixtures.ts";
import type { RedisBroker } from "../src/redis-broker.ts";

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => String(from + n));

/** Publishes in this order. */
async function publishAll(broker: RedisBroker, topic: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) await broker.publish(record(topic, text));
}

describe.skipIf(brokerUrl === undefined)("what a process had when it died", () => {
  // Longer than any test waits: what comes before does not come by the end of its lease.
  const native = { leaseMs: 120_000 };

  it.each([
    ["of a group", { group: "g" }],
    ["that is durable without a group", { durable: true }],
  ])("comes to the next process of a subscription %s at once, before anything later", async (_name, owner) => {
    const topic = unique("a.");
    const { proxy, url } = await proxied();
    const [dying, whole] = [await openBroker({ url, native }), await openBroker({ native })];
    const asked = request(topic, { ...owner, maxInFlight: 16 });
    const former = new Inbox();
    await dying.subscribe(asked, former.sink);
    await publishAll(whole, topic, numbers(0, 16));
    await former.received(16);
    const lost = nextStatus(dying, "disconnected");
    proxy.refuse();
    proxy.cut();
    await lost;
    await publishAll(whole, topic, numbers(16, 40));
    const inbox = new Inbox((delivery) => void setImmediate(() => delivery.settle("ack")));
    // With less credit than is left, so that it takes several turns.
    await whole.subscribe({ ...asked, maxInFlight: 5 }, inbox.sink);
    await inbox.received(40);
    expect(inbox.texts).toEqual(numbers(0, 40));
  });

  it("stays with those that are there, foreign ones too, whoever joins", async () => {
    const topic = unique("a.");
    const [busy, joining] = [await openBroker({ native }), await openBroker({ native })];
    const asked = request(topic, { group: "g" });
    const first = new Inbox();
    await busy.subscribe({ ...asked, maxInFlight: 1 }, first.sink);
    await busy.publish(record(topic, "busy"));
    await first.received(1);
    const client = await foreignClient();
    await busy.publish(record(topic, "foreign"));
    const taken = await client.sendCommand<unknown>([
      "XREADGROUP",
      "GROUP",
      asked.name,
      "somebody",
      "STREAMS",
      `busbar:${topic}`,
      ">",
    ]);
    expect(JSON.stringify(taken)).toContain("foreign");
    const second = new Inbox((delivery) => delivery.settle("ack"));
    await joining.subscribe(asked, second.sink);
    await publishAll(joining, topic, numbers(0, 10));
    await second.received(10);
    expect(second.texts).toEqual(numbers(0, 10));
    expect(first.texts).toEqual(["busy"]);
  });
});
