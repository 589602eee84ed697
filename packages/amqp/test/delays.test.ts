import { expect, it } from "vitest";
import { stepFor } from "../src/holding.ts";
import {
  acknowledging,
  drained,
  errorOf,
  foreignChannel,
  Inbox,
  nextStatus,
  onRabbit,
  openBroker,
  record,
  request,
  unique,
} from "./fixtures.ts";

it("rounds a delay up to a step, never down", () => {
  expect([1, 1_000, 1_001, 30_001, 3_600_001].map((ms) => stepFor(ms)?.[1])).toEqual([
    1_000, 1_000, 2_000, 60_000, 7_200_000,
  ]);
  expect(stepFor(604_800_000)?.[0]).toBe("7d");
  expect(stepFor(604_800_001)).toBeUndefined();
});

onRabbit("messages that are held back", () => {
  it("goes to each group once when it is due, as it was sent, and its time goes on while it is held", async () => {
    const broker = await openBroker();
    const prefix = unique();
    const topic = `${prefix}.m`;
    const [one, two] = [acknowledging(), acknowledging()];
    const groups = [
      await broker.subscribe(request(topic, { group: "one" }), one.sink),
      await broker.subscribe(request(`${prefix}.*`, { group: "two" }), two.sink),
    ];
    const changes = { key: "k", headers: { own: "1" }, delayMs: 1_000 };
    const began = performance.now();
    const receipt = await broker.publish(record(topic, "later", changes));
    expect(receipt).not.toHaveProperty("routed");
    await broker.publish(record(topic, "dead by then", { ...changes, expiresInMs: 500 }));
    await broker.publish(record(topic, "alive by then", { ...changes, expiresInMs: 60_000 }));
    await one.received(2);
    expect(performance.now() - began).toBeGreaterThanOrEqual(1_000);
    await two.received(2);
    for (const { texts } of [one, two]) expect(texts).toEqual(["later", "alive by then"]);
    const { record: got, redelivered, deliveries } = one.deliveries[0] ?? expect.fail("nothing came");
    expect(got).toMatchObject({ address: topic, key: "k", headers: { own: "1" }, id: receipt.id });
    expect(Object.keys(got.headers)).toEqual(["own"]);
    expect([redelivered, deliveries]).toEqual([false, 1]);
    for (const subscriber of groups) await subscriber.remove();
  });

  it("are not held up by those that fit no queue when they are due", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    // As many as RabbitMQ has on their way out at once.
    await Promise.all(Array.from({ length: 64 }, () => broker.publish(record(unique("nobody."), "", { delayMs: 1 }))));
    await broker.publish(record(topic, "m", { delayMs: 1 }));
    await inbox.received(1);
  });

  it("come with a queue of their own that is made anew when somebody deleted it", async () => {
    const exchange = unique("exchange-");
    const broker = await openBroker({ native: { exchange } });
    const channel = await foreignChannel();
    const topic = unique("a.");
    const later = record(topic, "m", { delayMs: 60_001 });
    await broker.publish(later);
    const queue = `_busbar.delay.${exchange}.2min`;
    expect((await channel.checkQueue(queue)).messageCount).toBeGreaterThan(0);
    await channel.deleteQueue(queue);
    expect(await errorOf(broker.publish(later))).toMatchObject({
      code: "BUSBAR_NOT_FOUND",
      retryable: true,
      message: expect.stringContaining(queue) as string,
    });
    await broker.publish(later);
    expect((await channel.checkQueue(queue)).messageCount).toBe(1);
    await channel.deleteQueue(queue);
    await channel.deleteExchange(`_busbar.delay.${exchange}`);
    const back = nextStatus(broker, "connected");
    expect(await errorOf(broker.publish(later))).toMatchObject({ code: "BUSBAR_NOT_FOUND", retryable: true });
    await back;
    await broker.publish(later);
    await channel.deleteQueue(queue);
    for (const name of [exchange, `_busbar.delay.${exchange}`, `_busbar.delayed.${exchange}`])
      await channel.deleteExchange(name);
  });

  it("are refused beyond the longest step, and where nothing may be made", async () => {
    const broker = await openBroker();
    expect(await errorOf(broker.publish(record(unique("a."), "", { delayMs: 604_800_001 })))).toMatchObject({
      code: "BUSBAR_INVALID_ARGUMENT",
      retryable: false,
    });
    const channel = await foreignChannel();
    await channel.deleteQueue("_busbar.delay.amq.topic.7d");
    for (const topology of ["check", "assume"] as const) {
      const guest = await openBroker({ topology });
      expect(await errorOf(guest.publish(record(unique("a."), "", { delayMs: 604_800_000 })))).toMatchObject({
        code: "BUSBAR_NOT_FOUND",
      });
    }
  });
});

onRabbit("a message that is given back with a delay", () => {
  it("comes again to its own group only, not before its time, counted, and with all that it had", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const releasedAt: number[] = [];
    const again = new Inbox((delivery) => {
      if (releasedAt.length < 2) {
        releasedAt.push(performance.now());
        delivery.settle("release", 900);
      } else delivery.settle("ack");
    });
    const other = acknowledging();
    const asked = request(topic, { group: "again" });
    const groups = [
      await broker.subscribe(asked, again.sink),
      await broker.subscribe(request(topic, { group: "other" }), other.sink),
    ];
    const foreign = { headers: { number: 7, own: "1" }, replyTo: "somewhere", correlationId: "c", userId: "guest" };
    const channel = await foreignChannel();
    const { queue: elsewhere } = await channel.assertQueue("", { exclusive: true });
    channel.publish("amq.topic", topic, Buffer.from("m"), { ...foreign, CC: [elsewhere] });
    await again.received(3);
    expect(performance.now() - (releasedAt[1] ?? 0)).toBeGreaterThanOrEqual(900);
    expect(again.deliveries.map(({ deliveries, redelivered }) => [deliveries, redelivered])).toEqual([
      [1, false],
      [2, true],
      [3, true],
    ]);
    const records = again.deliveries.map((delivery) => ({ ...delivery.record, native: undefined }));
    expect(records[0]).toMatchObject({ address: topic, headers: { number: "7", own: "1" }, replyTo: "somewhere" });
    expect(records[1]).toEqual(records[0]);
    expect(records[2]).toEqual(records[0]);
    expect(other.texts).toEqual(["m"]);
    expect(await drained(channel, elsewhere)).toEqual([]);
    // Were there no way to hold it, it would wait here.
    expect(broker.told.map(({ type }) => type)).toEqual(["connected"]);
    expect(await broker.lag.lag(asked.name)).toBe(0);
    for (const subscriber of groups) await subscriber.remove();
  });

  it("is held by the broker, not by the process: it is free to end, and another gets it", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    const first = new Inbox((delivery) => delivery.settle("release", 1_000));
    const subscriber = await broker.subscribe(asked, first.sink);
    const releasing = first.received(1);
    await broker.publish(record(topic, "m"));
    await releasing;
    await subscriber.close();
    expect(await broker.lag.lag(asked.name)).toBe(0);
    const next = acknowledging();
    const heir = await broker.subscribe(asked, next.sink);
    await next.received(1);
    expect(next.deliveries[0]).toMatchObject({ deliveries: 2, redelivered: true });
    await heir.remove();
  });

  it("expires no sooner for it, and when its time is over it is not handled any more", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = new Inbox((delivery) => delivery.settle(delivery.redelivered ? "ack" : "release", 1_000));
    const subscriber = await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    await broker.publish(record(topic, "short", { expiresInMs: 600 }));
    await broker.publish(record(topic, "long", { expiresInMs: 60_000 }));
    await inbox.received(3);
    expect(inbox.texts).toEqual(["short", "long", "long"]);
    await subscriber.remove();
  });

  it("waits with whoever has it while there is no way to the broker's queues for it, and is not lost", async () => {
    const topic = unique("a.");
    const [maker, broker] = [await openBroker(), await openBroker({ topology: "assume" })];
    const asked = request(topic, { group: "g" });
    await (await maker.subscribe(asked, () => undefined)).close();
    await (await foreignChannel()).deleteQueue("_busbar.return.7d");
    const inbox = new Inbox((delivery) => delivery.settle("release", 604_800_000));
    const subscriber = await broker.subscribe(asked, inbox.sink);
    await maker.publish(record(topic, "m"));
    await inbox.received(1);
    await subscriber.flush();
    expect(await maker.lag.lag(asked.name)).toBe(0);
    await subscriber.close();
    const next = acknowledging();
    const heir = await maker.subscribe(asked, next.sink);
    await next.received(1);
    expect(next.texts).toEqual(["m"]);
    await heir.remove();
  });
});
