import { connect, Reject, RetryLater } from "@busbar/core";
import type { SubscribeOptions } from "@busbar/core";
import { expect, it } from "vitest";
import {
  acknowledging,
  afterwards,
  drained,
  errorOf,
  foreignChannel,
  Inbox,
  onRabbit,
  openBroker,
  record,
  request,
  silent,
  statusOf,
  textOf,
  unique,
  url,
} from "./fixtures.ts";

onRabbit("what RabbitMQ needs", () => {
  it("never loses a message that is given back often, and counts its deliveries", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = new Inbox((delivery) => delivery.settle(inbox.deliveries.length < 30 ? "release" : "ack"));
    const subscriber = await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    await broker.publish(record(topic, "m"));
    await inbox.received(30);
    expect(inbox.deliveries.map(({ deliveries }) => deliveries)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    expect(inbox.deliveries.map(({ redelivered }) => redelivered)).toEqual([
      false,
      ...Array.from({ length: 29 }, () => true),
    ]);
    await subscriber.remove();
  });

  it("never delivers again what was rejected", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = new Inbox((delivery) => delivery.settle(textOf(delivery) === "poison" ? "reject" : "ack"));
    const asked = request(topic, { group: "g" });
    const subscriber = await broker.subscribe(asked, inbox.sink);
    await broker.publish(record(topic, "poison"));
    await broker.publish(record(topic, "fine"));
    await inbox.received(2);
    await subscriber.close();
    expect(await drained(await foreignChannel(), asked.name)).toEqual([]);
    await subscriber.remove();
  });

  it("settles once, the first word wins, and nothing after close", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    const inbox = new Inbox();
    const subscriber = await broker.subscribe(asked, inbox.sink);
    for (const text of ["twice", "late"]) await broker.publish(record(topic, text));
    const [twice, late] = await inbox.received(2);
    twice?.settle("ack");
    twice?.settle("release");
    await subscriber.close();
    late?.settle("ack");
    expect(await drained(await foreignChannel(), asked.name)).toEqual(["late"]);
    await subscriber.remove();
  });

  it("stops without losing: what is out can be settled, what waits goes to others at once", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic, { group: "g", maxInFlight: 2 });
    const [stopping, other] = [new Inbox(), acknowledging()];
    const subscriber = await broker.subscribe(asked, stopping.sink);
    subscriber.pause();
    const texts = ["0", "1", "2", "3"];
    for (const text of texts) await broker.publish(record(topic, text));
    subscriber.resume();
    const [first] = await stopping.received(2);
    await subscriber.stop();
    await subscriber.stop();
    await broker.subscribe(asked, other.sink);
    await other.received(2);
    expect(other.texts).toEqual(["2", "3"]);
    first?.settle("ack");
    await subscriber.flush();
    await subscriber.close();
    await other.received(3);
    expect(other.texts).toEqual(["2", "3", "1"]);
    expect(stopping.texts).toEqual(["0", "1"]);
    await subscriber.remove();
  });

  it("gives back in order also what the broker sends while it stops", { timeout: 60_000 }, async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic, { group: "g", maxInFlight: 64 });
    const numbers = Array.from({ length: 200 }, (_, number) => String(number));
    // What is on its way at that moment is the broker's to decide, so it is tried several times.
    for (let round = 0; round < 10; round++) {
      const [first, next] = [new Inbox(), acknowledging()];
      const ending = await broker.subscribe(asked, first.sink);
      for (const text of numbers) await broker.publish(record(topic, text));
      const out = [...(await first.received(64))];
      // Each acknowledgement makes room for another message, which meets the end of the subscription.
      for (const delivery of out.slice(0, 32)) delivery.settle("ack");
      await new Promise((resolve) => setImmediate(resolve));
      await ending.stop();
      const left = first.deliveries.slice(32);
      for (const delivery of left) delivery.settle("release");
      await ending.flush();
      await ending.close();
      const heir = await broker.subscribe(asked, next.sink);
      await next.received(numbers.length - 32);
      expect(next.texts).toEqual(numbers.slice(32));
      await heir.remove();
    }
  });

  it("gives back at its end what it did not hand out, behind what was out and comes back too", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    const [first, next] = [new Inbox(), acknowledging()];
    const subscriber = await broker.subscribe(asked, first.sink);
    for (const text of ["0", "1", "2"]) await broker.publish(record(topic, text));
    const [zero, one] = await first.received(3);
    subscriber.pause();
    for (const text of ["3", "4"]) await broker.publish(record(topic, text));
    while ((await broker.lag.lag(asked.name)) !== 0) await new Promise((resolve) => setImmediate(resolve));
    await subscriber.stop();
    // As a drain does: what ended is acknowledged, what has not begun is given back, and what still runs is left.
    zero?.settle("ack");
    one?.settle("release");
    await subscriber.close();
    await broker.subscribe(asked, next.sink);
    await next.received(4);
    expect([first.texts, next.texts]).toEqual([
      ["0", "1", "2"],
      ["1", "2", "3", "4"],
    ]);
    await subscriber.remove();
  });

  it("leaves to others what is beyond its credit", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic, { group: "g", maxInFlight: 2 });
    const [slow, other] = [new Inbox(), acknowledging()];
    const subscriber = await broker.subscribe(asked, slow.sink);
    for (let number = 0; number < 10; number++) await broker.publish(record(topic, `${number}`));
    await slow.received(2);
    await broker.subscribe(asked, other.sink);
    await other.received(8);
    expect([slow.texts.length, other.texts.length]).toEqual([2, 8]);
    await subscriber.remove();
  });

  it("leaves to others what is beyond its credit also where it acknowledges ahead of the handler", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic, { group: "g", delivery: "at-most-once", maxInFlight: 2 });
    const [slow, other] = [new Inbox(), acknowledging()];
    const subscriber = await broker.subscribe(asked, slow.sink);
    for (let number = 0; number < 10; number++) await broker.publish(record(topic, `${number}`));
    await slow.received(2);
    await broker.subscribe({ ...asked, member: "test-1" }, other.sink);
    // As many again as its handlers have wait with it, unacknowledged.
    await other.received(6);
    expect(slow.texts).toEqual(["0", "1"]);
    await subscriber.close();
    await other.received(8);
    expect(other.texts.toSorted()).toEqual(["2", "3", "4", "5", "6", "7", "8", "9"]);
    await subscriber.remove();
  });

  it("keeps the bus's own topics from a filter that begins with a wildcard", async () => {
    const broker = await openBroker();
    const last = unique();
    const inbox = acknowledging();
    await broker.subscribe(request(`*.${last}`), inbox.sink);
    expect(await broker.publish(record(`_busbar.${last}`))).toMatchObject({ routed: true });
    await broker.publish(record(`a.${last}`));
    await inbox.received(1);
    expect(inbox.deliveries.map(({ record: { address } }) => address)).toEqual([`a.${last}`]);
  });

  it("hands nothing out while it is paused", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const [paused, witness] = [acknowledging(), acknowledging()];
    const subscriber = await broker.subscribe(request(topic), paused.sink);
    await broker.subscribe(request(topic), witness.sink);
    subscriber.pause();
    await broker.publish(record(topic, "m"));
    await witness.received(1);
    await subscriber.flush();
    expect(paused.texts).toEqual([]);
    subscriber.resume();
    await paused.received(1);
  });

  it("keeps a durable subscription over close, and deletes one without a group", async () => {
    const broker = await openBroker();
    const channel = await foreignChannel();
    const topic = unique("a.");
    const [kept, passing, own] = [request(topic, { group: "g" }), request(topic), request(topic, { durable: true })];
    const subscribers = [];
    for (const asked of [kept, passing, own]) subscribers.push(await broker.subscribe(asked, acknowledging().sink));
    for (const subscriber of subscribers) await subscriber.close();
    await broker.publish(record(topic, "while away"));
    expect(await drained(channel, kept.name)).toEqual(["while away"]);
    expect(await drained(channel, own.name)).toEqual(["while away"]);
    expect(await broker.lag.lag(passing.name)).toBeUndefined();
    for (const subscriber of subscribers) await subscriber.remove();
    for (const { name } of [kept, own]) expect(await broker.lag.lag(name)).toBeUndefined();
  });

  it("tells how many messages wait", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic, { durable: true, group: "g" });
    const subscriber = await broker.subscribe(asked, acknowledging().sink);
    await subscriber.close();
    for (let sent = 0; sent < 3; sent++) await broker.publish(record(topic));
    expect(await broker.lag.lag(asked.name)).toBe(3);
    await subscriber.remove();
  });

  it("makes a deleted queue anew, consumes it again, and says that the place was lost", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(asked, inbox.sink);
    await (await foreignChannel()).deleteQueue(asked.name);
    const lost = await statusOf(broker, "position-lost");
    expect(lost.name).toBe(asked.name);
    await statusOf(broker, "subscription", ({ connected }) => connected);
    await broker.publish(record(topic, "after"));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["after"]);
    await subscriber.remove();
  });

  it.each([
    ["a group", { group: "g" }],
    ["one process", { durable: true }],
  ])(
    "lets whatever may change of a durable subscription of %s change, for none of it is in its queue",
    async (_, owner) => {
      const broker = await openBroker();
      const topic = unique("a.");
      const asked = request(topic, { ...owner, maxInFlight: 5, graceMs: 60_000 });
      const first = await broker.subscribe(asked, new Inbox().sink);
      await first.close();
      const inbox = acknowledging();
      const changed = {
        ...asked,
        maxInFlight: 500,
        graceMs: 1000,
        delivery: "at-most-once",
        member: "test-1",
      } as const;
      const second = await broker.subscribe(changed, inbox.sink);
      await broker.publish(record(topic, "m"));
      await inbox.received(1);
      await second.remove();
    },
  );

  it("isolates subscriptions: the mistakes of one close no channel of another", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    const channel = await foreignChannel();
    const taken = unique("taken-");
    await channel.assertQueue(taken, { durable: true });
    afterwards(() => channel.deleteQueue(taken));
    const refused = await errorOf(broker.subscribe(request(topic, { group: "g", name: taken }), new Inbox().sink));
    expect(refused).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    expect(refused.message).toContain("native.queueType");
    await broker.publish(record(topic, "still here"));
    await inbox.received(1);
    expect(broker.told.filter(({ type }) => type !== "connected")).toEqual([]);
  });

  it("never lets an exception of its user cross the client", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const thrown: unknown[] = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => thrown.push(error));
    afterwards(() => {
      process.removeAllListeners("uncaughtException");
      for (const listener of listeners) process.on("uncaughtException", listener);
    });
    const bug = new Error("a bug in whoever listens");
    const inbox = new Inbox((delivery) => {
      delivery.settle("ack");
      if (textOf(delivery) === "first") throw bug;
    });
    await broker.subscribe(request(topic), inbox.sink);
    for (const text of ["first", "second"]) await broker.publish(record(topic, text));
    await inbox.received(2);
    expect(thrown).toEqual([bug]);
    expect(broker.told.filter(({ type }) => type !== "connected")).toEqual([]);
  });

  it("honours who owns the topology", async () => {
    const channel = await foreignChannel();
    const [topic, queue] = [unique("a."), unique("q-")];
    const checking = await openBroker({ topology: "check" });
    const asked = request(topic, { group: "g", name: queue });
    const missing = await errorOf(checking.subscribe(asked, new Inbox().sink));
    expect(missing).toMatchObject({ code: "BUSBAR_NOT_FOUND", retryable: false });
    await channel.assertQueue(queue, { durable: true, maxLength: 10 });
    afterwards(() => channel.deleteQueue(queue));
    await channel.bindQueue(queue, "amq.topic", topic);
    for (const topology of ["check", "assume"] as const) {
      const broker = await openBroker({ topology });
      const inbox = acknowledging();
      const subscriber = await broker.subscribe(asked, inbox.sink);
      await broker.publish(record(topic, topology));
      await inbox.received(1);
      await subscriber.close();
    }
  });

  it("uses classic queues when told so, and does not claim to count then", async () => {
    const broker = await openBroker({ native: { queueType: "classic" } });
    const effective = await broker.open();
    expect(effective.supports.deliveryCount).toBe("unsupported");
    const topic = unique("a.");
    const inbox = new Inbox((delivery) => delivery.settle(delivery.redelivered ? "ack" : "release"));
    const asked = request(topic, { group: "g" });
    const subscriber = await broker.subscribe(asked, inbox.sink);
    await broker.publish(record(topic));
    await inbox.received(2);
    expect(inbox.deliveries.map(({ deliveries, redelivered }) => [deliveries, redelivered])).toEqual([
      [undefined, false],
      [undefined, true],
    ]);
    const channel = await foreignChannel();
    await channel.assertQueue(asked.name, { durable: true });
    await subscriber.remove();
  });

  it("expires messages", async () => {
    const broker = await openBroker();
    const channel = await foreignChannel();
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    const subscriber = await broker.subscribe(asked, new Inbox().sink);
    await subscriber.close();
    await broker.publish(record(topic, "stale", { expiresInMs: 0 }));
    await broker.publish(record(topic, "fresh", { expiresInMs: 60_000 }));
    expect(await drained(channel, asked.name)).toEqual(["fresh"]);
    await subscriber.remove();
  });

  it("refuses what it cannot do instead of dropping it", async () => {
    const broker = await openBroker();
    // A quorum queue with priorities is refused with 406, and RabbitMQ keeps no last values.
    const asked = { priority: 1, retain: true } as const;
    for (const capability of ["priority", "retain"] as const)
      expect((await broker.open()).supports[capability]).toBe("unsupported");
    for (const [option, value] of Object.entries(asked)) {
      expect(await errorOf(broker.publish(record("a", "", { [option]: value })))).toMatchObject({
        code: "BUSBAR_UNSUPPORTED",
      });
    }
    expect(await errorOf(broker.subscribe(request("a", { startFrom: "earliest" }), new Inbox().sink))).toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
    });
  });

  it("lets nobody hold a message for longer than RabbitMQ waits for its acknowledgement", async () => {
    const bus = await connect({ service: unique("s-"), instance: "0", brokers: { main: url() }, logger: silent });
    afterwards(() => bus.close());
    const [topic, group] = [unique("a."), unique("g-")];
    const waits = (backoffMs: number): SubscribeOptions => {
      return { group, retry: { attempts: 3, backoffMs, factor: 1, maxBackoffMs: backoffMs, jitter: 0 } };
    };
    const half = 900_000;
    const refused = await errorOf(bus.subscribe(topic, waits(half + 1), () => undefined));
    expect(refused).toMatchObject({ code: "BUSBAR_UNSUPPORTED", retryable: false });
    expect(refused.message).toContain("1800000 ms");
    let runs = 0;
    const subscription = await bus.subscribe(topic, waits(half), () => {
      if (++runs === 1) throw new RetryLater(1);
      throw new Reject("seen enough");
    });
    await bus.publish(topic, 1);
    await expect.poll(() => bus.health().subscriptions[0]?.deadLettered, { timeout: 10_000 }).toBe(1);
    expect(runs).toBe(2);
    expect(await bus.deadLetters(group).drop()).toBe(1);
    await subscription.remove();
  });
});
