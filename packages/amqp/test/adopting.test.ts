import { connect } from "@busbar/core";
import { expect, it } from "vitest";
import {
  acknowledging,
  afterwards,
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
  url,
} from "./fixtures.ts";

/** An exchange of somebody else's that is gone after the test. */
async function exchangeOf(type: string): Promise<string> {
  const channel = await foreignChannel();
  const exchange = unique(`${type}-`);
  await channel.assertExchange(exchange, type, { durable: false, autoDelete: true });
  afterwards(async () => void (await channel.deleteExchange(exchange)));
  return exchange;
}

onRabbit("an exchange that somebody else made", () => {
  it.each(["topic", "direct", "fanout", "headers"] as const)("is used as it is: %s", async (exchangeType) => {
    const exchange = await exchangeOf(exchangeType);
    const broker = await openBroker({ topology: "check", native: { exchange, exchangeType } });
    const topic = unique("a.");
    const [mine, others] = [acknowledging(), acknowledging()];
    await broker.subscribe(request(topic), mine.sink);
    await broker.subscribe(request(unique("a.")), others.sink);
    const receipt = await broker.publish(record(topic, "m"));
    await broker.publish(record(unique("b."), "to nobody"));
    await broker.publish(record(topic, "last"));
    await mine.received(2);
    expect(mine.texts).toEqual(["m", "last"]);
    expect(others.texts).toEqual([]);
    const { supports } = await broker.open();
    const exact = exchangeType === "topic" || exchangeType === "direct";
    expect(supports.routing).toBe(exact ? "native" : "unsupported");
    expect(receipt.routed).toBe(exact ? true : undefined);
    expect(supports.wildcards).toBe(exchangeType === "direct" ? "unsupported" : "native");
  });

  it.each(["fanout", "headers"] as const)(
    "keeps wildcards, delays and the bus's own topics apart: %s",
    async (type) => {
      const exchange = await exchangeOf(type);
      const broker = await openBroker({ native: { exchange, exchangeType: type } });
      const inbox = acknowledging();
      await broker.subscribe(request("**"), inbox.sink);
      await broker.publish(record("_busbar.rpc.a", "reserved"));
      await broker.publish(record("a.b", "later", { delayMs: 1 }));
      await broker.publish(record("c", "now"));
      await inbox.received(2);
      expect(inbox.texts).toEqual(["now", "later"]);
    },
  );

  it("is refused where it is of another type, whoever may declare", async () => {
    const exchange = await exchangeOf("fanout");
    for (const topology of ["create", "check"] as const) {
      const opening = openBroker({ topology, native: { exchange, exchangeType: "topic" } });
      expect(await errorOf(opening)).toMatchObject({
        code: "BUSBAR_REFUSED",
        retryable: false,
        message: expect.stringContaining("native.exchangeType") as string,
      });
    }
  });

  it("has to be there where nothing may be made", async () => {
    const native = { exchange: unique("nowhere-") };
    expect(await errorOf(openBroker({ topology: "check", native }))).toMatchObject({ code: "BUSBAR_NOT_FOUND" });
    const assuming = await openBroker({ topology: "assume", native });
    expect(await errorOf(assuming.publish(record("a")))).toMatchObject({ code: "BUSBAR_NOT_FOUND" });
  });
});

onRabbit("a queue that somebody else made", () => {
  it.each(["create", "check", "assume"] as const)(
    "is read, and neither bound nor deleted, with topology %s",
    async (topology) => {
      const channel = await foreignChannel();
      const [queue, topic] = [unique("legacy-"), unique("a.")];
      await channel.assertQueue(queue, { durable: false, maxLength: 1_000 });
      const broker = await openBroker({
        topology,
        native: { queues: [{ filter: `${topic}.{x}`, group: "g", queue }] },
      });
      const asked = request(`${topic}.*`, { group: "g" });
      const inbox = acknowledging();
      const subscriber = await broker.subscribe(asked, inbox.sink);
      await broker.publish(record(`${topic}.b`, "not bound, so it does not come"));
      channel.sendToQueue(queue, Buffer.from("from them"));
      await inbox.received(1);
      expect(inbox.texts).toEqual(["from them"]);
      expect(inbox.deliveries[0]?.record.address).toBe(queue);
      await subscriber.flush();
      expect(await broker.lag.lag(asked.name)).toBe(0);
      expect(await errorOf(subscriber.remove())).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
      channel.sendToQueue(queue, Buffer.from("still there"));
      expect(await drained(channel, queue)).toEqual(["still there"]);
      await channel.deleteQueue(queue);
    },
  );

  it("reaches a handler under the topic that the configuration gives it, and is retried there", async () => {
    const channel = await foreignChannel();
    const [queue, topic] = [unique("legacy-"), `${unique("a.")}.made`];
    await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
    const native = { queues: [{ filter: topic, group: "g", queue, topic }] };
    const bus = await connect({ service: "adopting", brokers: { main: { url: url(), native } } });
    afterwards(() => bus.close());
    const runs: (readonly [unknown, string, number])[] = [];
    const handled = new Promise<void>((resolve) => {
      void bus.subscribe(topic, { group: "g", retry: { attempts: 2, backoffMs: 1 } }, (payload, message) => {
        runs.push([payload, message.topic, message.attempt]);
        if (runs.length === 1) throw new Error("not at once");
        resolve();
      });
    });
    channel.sendToQueue(queue, Buffer.from('{"own":1}'), { contentType: "application/json" });
    await handled;
    expect(runs).toEqual([
      [{ own: 1 }, topic, 1],
      [{ own: 1 }, topic, 2],
    ]);
    await channel.deleteQueue(queue);
  });

  it("counts deliveries where the queue does, and gives back with a delay to that queue", async () => {
    const channel = await foreignChannel();
    const topic = unique("a.");
    const [counting, plain] = [unique("quorum-"), unique("classic-")];
    await channel.assertQueue(counting, { durable: true, arguments: { "x-queue-type": "quorum" } });
    await channel.assertQueue(plain, { durable: true });
    const queues = [counting, plain].map((queue) => ({ filter: topic, group: queue, queue, topic }));
    const broker = await openBroker({ native: { queues } });
    const seen: (readonly (readonly [number | undefined, boolean])[])[] = [];
    for (const queue of [counting, plain]) {
      const inbox = new Inbox((delivery) => {
        if (inbox.deliveries.length === 1) delivery.settle("release");
        else if (inbox.deliveries.length === 2) delivery.settle("release", 1);
        else delivery.settle("ack");
      });
      const subscriber = await broker.subscribe(request(topic, { group: queue }), inbox.sink);
      channel.sendToQueue(queue, Buffer.from("m"));
      await inbox.received(3);
      seen.push(inbox.deliveries.map(({ deliveries, redelivered }) => [deliveries, redelivered] as const));
      expect(inbox.deliveries.map((delivery) => delivery.record.address)).toEqual([topic, topic, topic]);
      await subscriber.close();
      await channel.deleteQueue(queue);
    }
    expect(seen[0]).toEqual([
      [1, false],
      [2, true],
      [3, true],
    ]);
    expect(seen[1]?.map(([, redelivered]) => redelivered)).toEqual([false, true, true]);
    expect(seen[1]?.[1]?.[0]).toBeUndefined();
  });

  it("is missed where it is not there, and where it is deleted under the subscription", async () => {
    const channel = await foreignChannel();
    const [queue, topic] = [unique("legacy-"), unique("a.")];
    const broker = await openBroker({ native: { queues: [{ filter: topic, group: "g", queue }] } });
    const asked = request(topic, { group: "g" });
    expect(await errorOf(broker.subscribe(asked, () => undefined))).toMatchObject({
      code: "BUSBAR_NOT_FOUND",
      message: expect.stringContaining(queue) as string,
    });
    await channel.assertQueue(queue);
    const inbox = acknowledging();
    await broker.subscribe(asked, inbox.sink);
    const lost = nextStatus(broker, "subscription");
    await channel.deleteQueue(queue);
    expect(await lost).toMatchObject({ connected: false });
    const back = nextStatus(broker, "subscription", ({ connected }) => connected);
    await channel.assertQueue(queue);
    await back;
    channel.sendToQueue(queue, Buffer.from("m"));
    await inbox.received(1);
    await channel.deleteQueue(queue);
  });
});
