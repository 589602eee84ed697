import type { Message } from "amqplib";
import { expect, it } from "vitest";
import {
  acknowledging,
  drained,
  foreignChannel,
  Inbox,
  onRabbit,
  openBroker,
  record,
  request,
  textOf,
  unique,
} from "./fixtures.ts";

onRabbit("publish and subscribe", () => {
  it("tells the product and version of the server", async () => {
    const broker = await openBroker();
    const effective = await broker.open();
    expect(effective.product).toBe("RabbitMQ");
    expect(effective.version).toMatch(/^\d+\.\d+/);
    expect(effective.limits.maxHoldMs).toBe(1_800_000);
    expect(broker.told).toMatchObject([{ type: "connected" }]);
  });

  it("brings everything a record has to the subscriber", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    const body = Uint8Array.from([0, 255, 1, 254]);
    const sent = record(topic, body, {
      key: "kitchen",
      headers: { one: "1", "x-two": "zwei ü", CC: "nobody", "x-death": "no" },
      id: "id-1",
    });
    const receipt = await broker.publish(sent);
    expect(receipt).toEqual({ id: "id-1", routed: true });
    const [got] = await inbox.received(1);
    const { native, ...rest } = got?.record ?? {};
    expect(native).toBeDefined();
    expect(rest).toEqual({
      address: topic,
      body: Buffer.from(body),
      headers: { one: "1", "x-two": "zwei ü", CC: "nobody", "x-death": "no" },
      key: "kitchen",
      id: "id-1",
      timestamp: 1_700_000_000_123,
      contentType: "application/json",
    });
    expect(got).toMatchObject({ redelivered: false, stale: false });
  });

  it("hands each message to one member of a group, and to every subscriber without one", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const name = unique("group-");
    const group = { group: "g", name, durable: true };
    const [one, other] = [acknowledging(), acknowledging()];
    const all = [acknowledging(), acknowledging()];
    const subscriber = await broker.subscribe(request(topic, group), one.sink);
    await broker.subscribe(request(topic, group), other.sink);
    for (const inbox of all) await broker.subscribe(request(topic), inbox.sink);
    const sent = Array.from({ length: 50 }, (_, index) => `m${index}`);
    await Promise.all(sent.map((text) => broker.publish(record(topic, text))));
    await Promise.all(all.map((inbox) => inbox.received(50)));
    for (const inbox of all) expect(inbox.texts).toEqual(sent);
    while (one.deliveries.length + other.deliveries.length < 50) await new Promise(setImmediate);
    expect([...one.texts, ...other.texts].sort()).toEqual([...sent].sort());
    await subscriber.remove();
  });

  it("maps wildcards so that ** is one token or more", async () => {
    const broker = await openBroker();
    const root = unique();
    const [one, many] = [acknowledging(), acknowledging()];
    await broker.subscribe(request(`${root}.*`), one.sink);
    await broker.subscribe(request(`${root}.**`), many.sink);
    for (const topic of [root, `${root}.a`, `${root}.a.b`, `${root}.a.b.c`]) await broker.publish(record(topic, topic));
    await Promise.all([one.received(1), many.received(3)]);
    await broker.publish(record(`${root}.z`, "end"));
    await Promise.all([one.received(2), many.received(4)]);
    expect(one.texts).toEqual([`${root}.a`, "end"]);
    expect(many.texts).toEqual([`${root}.a`, `${root}.a.b`, `${root}.a.b.c`, "end"]);
    expect(many.deliveries.map(({ record: { address } }) => address)).toEqual([
      `${root}.a`,
      `${root}.a.b`,
      `${root}.a.b.c`,
      `${root}.z`,
    ]);
  });

  it("says of a message that fits no queue that it was not routed, and of others that they were", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    const receipts = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        broker.publish(record(index % 2 === 0 ? topic : `${topic}.nobody`, "", { id: "same-id" })),
      ),
    );
    expect(receipts.map(({ routed }) => routed)).toEqual(receipts.map((_, index) => index % 2 === 0));
  });

  it("says of a request, which travels at most once, whether it fits a queue", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic, { delivery: "at-most-once" }), inbox.sink);
    const asking = { delivery: "at-most-once", replyTo: unique("answers."), correlationId: "1" } as const;
    expect(await broker.publish(record(`${topic}.nobody`, "", asking))).toMatchObject({ routed: false });
    expect(await broker.publish(record(topic, "", asking))).toMatchObject({ routed: true });
    await inbox.received(1);
    const properties = inbox.deliveries.map((delivery) => (delivery.record.native as Message).properties);
    expect(properties.map(({ deliveryMode }) => deliveryMode as number)).toEqual([1]);
  });

  it("publishes at most once without a confirm, and acknowledges before the handler", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const name = unique("amo-");
    const inbox = new Inbox();
    const options = { name, group: "g", delivery: "at-most-once", maxInFlight: 3 } as const;
    const subscriber = await broker.subscribe(request(topic, { ...options, durable: true }), inbox.sink);
    const receipts = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        broker.publish(record(topic, `m${index}`, { delivery: "at-most-once" })),
      ),
    );
    expect(receipts.every(({ routed }) => routed === undefined)).toBe(true);
    await inbox.received(3);
    // With the first three at their handlers and unsettled, no more than the prefetch is out at the broker, and those three are acknowledged.
    const channel = await foreignChannel();
    await subscriber.close();
    expect(inbox.texts).toEqual(["m0", "m1", "m2"]);
    expect(await drained(channel, name)).toEqual(Array.from({ length: 17 }, (_, index) => `m${index + 3}`));
    await channel.deleteQueue(name);
  });

  it("never has more out than the credit", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    let out = 0;
    let most = 0;
    const inbox = new Inbox((delivery) => {
      most = Math.max(most, ++out);
      setImmediate(() => {
        out--;
        delivery.settle("ack");
      });
    });
    await broker.subscribe(request(topic, { maxInFlight: 5 }), inbox.sink);
    await Promise.all(Array.from({ length: 200 }, (_, index) => broker.publish(record(topic, `${index}`))));
    await inbox.received(200);
    expect(most).toBe(5);
    expect(inbox.deliveries.map(textOf)).toEqual(Array.from({ length: 200 }, (_, index) => `${index}`));
  });
});
