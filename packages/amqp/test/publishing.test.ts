import { Socket } from "node:net";
import { expect, it, vi } from "vitest";
import {
  acknowledging,
  afterwards,
  drained,
  errorOf,
  foreignChannel,
  onRabbit,
  openBroker,
  record,
  request,
  statusOf,
  unique,
} from "./fixtures.ts";

onRabbit("publishing", () => {
  it("refuses headers over 64 KiB, and goes on", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const beside = broker.publish(record(topic));
    const error = await errorOf(broker.publish(record(topic, "", { headers: { big: "x".repeat(70_000) } })));
    expect(error).toMatchObject({ code: "BUSBAR_TOO_LARGE", retryable: false });
    expect(await beside).toMatchObject({ routed: false });
    expect(await broker.publish(record(topic))).toMatchObject({ routed: false });
    expect(broker.told).toHaveLength(1);
  });

  it("writes what a window goes on with in a few system calls, and not in one for each message", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const alone = vi.spyOn(Socket.prototype, "_write");
    const [messages, window] = [4_000, 256];
    let sent = 0;
    const goOn = async (): Promise<void> => {
      while (sent++ < messages) await broker.publish(record(topic, "x".repeat(256)));
    };
    await Promise.all(Array.from({ length: window }, goOn));
    expect(alone.mock.calls.length).toBeLessThan(messages / 10);
    alone.mockRestore();
  });

  it("gives the socket what a turn publishes in one piece", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const given = vi.spyOn(Socket.prototype, "write");
    await Promise.all(Array.from({ length: 100 }, () => broker.publish(record(topic, "x".repeat(256)))));
    expect(given.mock.calls.length).toBeLessThan(10);
    given.mockRestore();
  });

  it("keeps the order of messages that the client writes itself, among those that it does not", async () => {
    const broker = await openBroker();
    const channel = await foreignChannel();
    const [topic, queue] = [unique("a."), unique("order-")];
    await channel.assertQueue(queue, { exclusive: true });
    await channel.bindQueue(queue, "amq.topic", topic);
    const long = "x".repeat(20_000);
    const some = ["", "plain", "größe", long].flatMap((body, kind) =>
      ["plain", "größe"].map((value) => ({ body, headers: { value, kind: `${kind}` } })),
    );
    const all = Array.from({ length: 5 }, () => some).flat();
    await Promise.all(all.map(({ body, headers }) => broker.publish(record(topic, body, { headers }))));
    expect(await drained(channel, queue)).toEqual(all.map(({ body }) => body));
  });

  it("says of a full queue that there is no room, and rejects what was sent behind it on the same key", async () => {
    const broker = await openBroker();
    const channel = await foreignChannel();
    const [topic, queue] = [unique("a."), unique("full-")];
    await channel.assertQueue(queue, { exclusive: true, maxLength: 1, overflow: "reject-publish" });
    await channel.bindQueue(queue, "amq.topic", topic);
    await broker.publish(record(topic, "fits", { key: "k" }));
    const outcomes = await Promise.allSettled([
      broker.publish(record(topic, "too much", { key: "k" })),
      broker.publish(record(topic, "behind", { key: "k" })),
      broker.publish(record(`${topic}.other`, "elsewhere", { key: "k" })),
    ]);
    expect(outcomes[0]).toMatchObject({ reason: { name: "CapacityError", code: "BUSBAR_CAPACITY", retryable: true } });
    expect(outcomes[1]).toMatchObject({ status: "rejected", reason: { retryable: true } });
    expect(outcomes[2]).toMatchObject({ status: "fulfilled", value: { routed: false } });
    await channel.deleteQueue(queue);
  });

  it("refuses requests to a full queue each for itself, since none of them is sent again", async () => {
    const broker = await openBroker();
    const channel = await foreignChannel();
    const [topic, queue] = [unique("a."), unique("full-")];
    await channel.assertQueue(queue, { exclusive: true, maxLength: 1, overflow: "reject-publish" });
    await channel.bindQueue(queue, "amq.topic", topic);
    await broker.publish(record(topic, "fits"));
    const asking = { delivery: "at-most-once", replyTo: unique("answers.") } as const;
    const refusals = await Promise.all([1, 2, 3].map(() => errorOf(broker.publish(record(topic, "", asking)))));
    expect(refusals.map(({ code }) => code)).toEqual(["BUSBAR_CAPACITY", "BUSBAR_CAPACITY", "BUSBAR_CAPACITY"]);
    await channel.deleteQueue(queue);
  });

  it("takes a nack of a queue that its channel never met for one that may pass, and goes on over a fresh channel", async () => {
    const broker = await openBroker();
    const opened = vi.spyOn(broker.native, "createConfirmChannel");
    const channel = await foreignChannel();
    const [topic, queue] = [unique("a."), unique("full-")];
    await channel.assertQueue(queue, { exclusive: true, maxLength: 1, overflow: "reject-publish" });
    await channel.bindQueue(queue, "amq.topic", topic);
    channel.sendToQueue(queue, Buffer.from("somebody else's"));
    await channel.checkQueue(queue);
    const outcomes = await Promise.all(["one", "two"].map((text) => errorOf(broker.publish(record(topic, text)))));
    expect(outcomes).toMatchObject([
      { code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true },
      { code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true },
    ]);
    await channel.purgeQueue(queue);
    const elsewhere = Array.from({ length: 200 }, (_, number) => broker.publish(record(unique("b."), String(number))));
    await expect.poll(() => opened.mock.calls.length, { timeout: 10_000 }).toBe(1);
    expect(await Promise.all(elsewhere)).toHaveLength(200);
    expect(await broker.publish(record(topic, "room"))).toMatchObject({ routed: true });
    expect(await errorOf(broker.publish(record(topic, "too much")))).toMatchObject({ code: "BUSBAR_CAPACITY" });
    expect(broker.told).toHaveLength(1);
    await channel.deleteQueue(queue);
  });

  it("blames a missing exchange only on those who publish to it, and comes back", async () => {
    const channel = await foreignChannel();
    const exchange = unique("short-lived-");
    const broker = await openBroker({ native: { exchange } });
    await broker.deadLetters.put("g", "warm-up", record("_busbar.dlq.g", "x"));
    afterwards(() => channel.deleteQueue("_busbar.dlq.g"));
    await channel.deleteExchange(exchange);
    const outcomes = await Promise.allSettled([
      broker.deadLetters.put("g", "innocent", record("_busbar.dlq.g", "y")),
      broker.publish(record("a.b")),
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "BUSBAR_NOT_FOUND", retryable: false } });
    if (outcomes[0].status === "rejected") expect(outcomes[0].reason).toMatchObject({ retryable: true });
    broker.told.length = 0;
    await statusOf(broker, "connected");
    expect(await broker.publish(record("a.b"))).toMatchObject({ routed: false });
    await channel.deleteExchange(exchange);
  });

  it("rejects with the reason of its signal, while nothing is answered", async () => {
    const broker = await openBroker();
    const caller = new AbortController();
    const reason = new Error("enough");
    const publishing = errorOf(broker.publish(record(unique()), { signal: caller.signal }));
    caller.abort(reason);
    expect(await publishing).toBe(reason);
    expect(await errorOf(broker.publish(record(unique()), { signal: caller.signal }))).toBe(reason);
  });

  it("brings publishes to one address in the order of the calls", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    const sent = Array.from({ length: 1000 }, (_, index) => `${index}`);
    await Promise.all(sent.map((text) => broker.publish(record(topic, text))));
    await inbox.received(1000);
    expect(inbox.texts).toEqual(sent);
  });

  it("waits at close for what is not confirmed yet", async () => {
    const broker = await openBroker();
    const channel = await foreignChannel();
    const [topic, queue] = [unique("a."), unique("q-")];
    await channel.assertQueue(queue, { exclusive: true });
    await channel.bindQueue(queue, "amq.topic", topic);
    const outcomes = Promise.all(Array.from({ length: 500 }, (_, index) => broker.publish(record(topic, `${index}`))));
    await broker.close();
    expect((await outcomes).every(({ routed }) => routed)).toBe(true);
    expect(await drained(channel, queue)).toHaveLength(500);
  });

  it("sends bodies of any size as they are", async () => {
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    const bodies = [0, 1, 2000, 2048, 131_064, 262_144].map((size) => new Uint8Array(size).fill(size % 251));
    for (const body of bodies) await broker.publish(record(topic, body));
    await inbox.received(bodies.length);
    expect(inbox.deliveries.map(({ record: { body } }) => body)).toEqual(bodies.map((body) => Buffer.from(body)));
  });
});
