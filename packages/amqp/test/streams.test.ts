import { connect } from "@busbar/core";
import { expect, it } from "vitest";
import type { AmqpNativeOptions } from "../src/native-options.ts";
import { StreamPosition } from "../src/stream-position.ts";
import {
  acknowledging,
  afterwards,
  errorOf,
  foreignChannel,
  Inbox,
  nextStatus,
  onRabbit,
  openBroker,
  proxied,
  record,
  request,
  textOf,
  unique,
  url,
} from "./fixtures.ts";

/** A stream under a prefix of its own, deleted after the test. */
async function ownStream(): Promise<{
  readonly prefix: string;
  readonly queue: string;
  readonly native: AmqpNativeOptions;
}> {
  const [prefix, queue] = [unique(), unique("stream-")];
  const channel = await foreignChannel();
  afterwards(async () => void (await channel.deleteQueue(queue)));
  return {
    prefix,
    queue,
    native: { streams: [{ filter: `${prefix}.**`, queue, maxAgeMs: 60_000, maxBytes: 10_000_000 }] },
  };
}

const earliest = { startFrom: "earliest" } as const;

it("a position goes back to the oldest that is unsettled, and knows what was settled beyond it", () => {
  const position = new StreamPosition();
  expect(position.from).toBe("first");
  for (const offset of [4, 5, 6, 7]) expect(position.arrived(offset)).toBe(true);
  for (const offset of [4, 6]) position.settled(offset);
  expect(position.from).toBe(5);
  expect([5, 6, 7, 8].map((offset) => position.arrived(offset))).toEqual([true, false, true, true]);
  for (const offset of [5, 7, 8]) position.settled(offset);
  expect(position.from).toBe(9);
});

onRabbit("a stream", () => {
  it("gives each late listener all that was published before, then what follows, and stays for others", async () => {
    const { prefix, queue, native } = await ownStream();
    const broker = await openBroker({ native });
    expect((await broker.open()).supports.startFromEarliest).toBe("native");
    for (const number of [0, 1, 2]) await broker.publish(record(`${prefix}.a`, String(number), { key: "k" }));
    await broker.publish(record(`${prefix}.b`, "another topic"));
    await broker.publish(record(`${prefix}.a`, "expired", { expiresInMs: 1, timestamp: Date.now() - 1_000 }));
    for (const credit of [1, 256]) {
      const inbox = acknowledging();
      const asked = request(`${prefix}.a`, { ...earliest, maxInFlight: credit });
      const subscriber = await broker.subscribe(asked, inbox.sink);
      await inbox.received(3);
      await broker.publish(record(`${prefix}.a`, `after ${credit}`));
      await inbox.received(credit === 1 ? 4 : 5);
      expect(inbox.texts.slice(0, 3)).toEqual(["0", "1", "2"]);
      expect(inbox.texts.at(-1)).toBe(`after ${credit}`);
      expect(inbox.deliveries[0]?.record).toMatchObject({ address: `${prefix}.a`, key: "k", headers: {} });
      expect(inbox.deliveries[0]?.record.headers).toEqual({});
      expect(await broker.lag.lag(asked.name)).toBeUndefined();
      await (credit === 1 ? subscriber.close() : subscriber.remove());
    }
    expect((await (await foreignChannel()).checkQueue(queue)).queue).toBe(queue);
  });

  it("goes on where it was over a lost connection: nothing is missed, and what was settled does not come again", async () => {
    const { prefix, native } = await ownStream();
    const { proxy, url: through } = await proxied();
    const [broker, publisher] = [await openBroker({ url: through, native }), await openBroker()];
    const held: string[] = [];
    const inbox = new Inbox((delivery) => {
      // The second is in work while the connection is lost, and the others around it are done.
      if (textOf(delivery) === "1" && held.push("1") === 1) return;
      delivery.settle("ack");
    });
    await broker.subscribe(request(`${prefix}.*`, earliest), inbox.sink);
    for (const number of [0, 1, 2]) await publisher.publish(record(`${prefix}.a`, String(number)));
    await inbox.received(3);
    const back = nextStatus(broker, "subscription", ({ connected }) => connected);
    proxy.cut();
    await publisher.publish(record(`${prefix}.a`, "3"));
    await back;
    await inbox.received(5);
    expect(inbox.texts).toEqual(["0", "1", "2", "1", "3"]);
    expect(inbox.deliveries[1]?.stale).toBe(true);
    expect(inbox.deliveries.map(({ redelivered }) => redelivered)).toEqual([false, false, false, true, false]);
  });

  it("takes nothing back, so what is given back comes again from the driver, and what is rejected does not", async () => {
    const { prefix, native } = await ownStream();
    const broker = await openBroker({ native });
    const releasedAt: number[] = [];
    const inbox = new Inbox((delivery) => {
      if (textOf(delivery) === "poison") return delivery.settle("reject");
      if (releasedAt.length === 2) return delivery.settle("ack");
      releasedAt.push(performance.now());
      delivery.settle("release", releasedAt.length === 1 ? undefined : 300);
    });
    await broker.publish(record(`${prefix}.a`, "poison"));
    await broker.publish(record(`${prefix}.a`, "m"));
    await broker.subscribe(request(`${prefix}.**`, { ...earliest, maxInFlight: 1 }), inbox.sink);
    await inbox.received(4);
    expect(inbox.texts).toEqual(["poison", "m", "m", "m"]);
    expect(inbox.deliveries.map(({ redelivered }) => redelivered)).toEqual([false, false, true, true]);
    expect(performance.now() - (releasedAt[1] ?? 0)).toBeGreaterThanOrEqual(299);
    expect(broker.told.map(({ type }) => type)).toEqual(["connected"]);
  });

  it("is read by the bus, and is no place for a group, for who is away, or for topics that it does not take", async () => {
    const { prefix, native } = await ownStream();
    const bus = await connect({
      service: "late",
      instance: "0",
      brokers: { main: { url: url(), native: { ...native } } },
    });
    afterwards(() => bus.close());
    await bus.publish(`${prefix}.a`, { number: 1 });
    const got = await new Promise((resolve) => void bus.subscribe(`${prefix}.{x}`, earliest, resolve));
    expect(got).toEqual({ number: 1 });
    for (const [filter, options, reason] of [
      [`${prefix}.a`, { group: "g" }, "leave group and durable out"],
      [`${prefix}.a`, { durable: true }, "leave group and durable out"],
      ["**", {}, "no stream of native.streams"],
    ] as const) {
      expect(await errorOf(bus.subscribe(filter, { ...earliest, ...options }, () => undefined))).toMatchObject({
        code: "BUSBAR_UNSUPPORTED",
        needs: [{ capability: "startFromEarliest", detail: expect.stringContaining(reason) as string }],
      });
    }
  });

  it("that somebody else made may be adopted, and one of other arguments is refused", async () => {
    const { prefix, queue, native } = await ownStream();
    const channel = await foreignChannel();
    await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "stream" } });
    expect(await errorOf(openBroker({ native }))).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    const reader = await openBroker({ topology: "check", native });
    channel.sendToQueue(queue, Buffer.from("not bound, and of another topic"));
    await channel.bindQueue(queue, "amq.topic", `${prefix}.#`);
    await reader.publish(record(`${prefix}.a`, "m"));
    const inbox = acknowledging();
    await reader.subscribe(request(`${prefix}.a`, earliest), inbox.sink);
    await inbox.received(1);
    expect(inbox.texts).toEqual(["m"]);
    expect(
      await errorOf(openBroker({ topology: "check", native: { streams: [{ filter: "a", queue: unique() }] } })),
    ).toMatchObject({ code: "BUSBAR_NOT_FOUND" });
  });
});
