import type { Socket } from "node:net";
import type { IPublishPacket } from "mqtt";
import { afterEach, expect, it } from "vitest";
import { assertFits, fromRecord } from "../src/from-record.ts";
import { describeOnMosquitto, mosquittoUrl } from "./broker-url.ts";
import { acknowledging, Brokers, foreign, Inbox, outbound, request, status, text, unique } from "./fixtures.ts";

const brokers = new Brokers(mosquittoUrl);
afterEach(() => brokers.close());

/** What the server keeps on a topic, which it sends before anything that is published after. */
async function keptOn(topic: string): Promise<string[]> {
  const device = await foreign(mosquittoUrl);
  const seen: string[] = [];
  const ended = new Promise<void>((resolve) =>
    device.on("message", (_, payload) =>
      payload.toString() === "the end" ? resolve() : seen.push(payload.toString()),
    ),
  );
  await device.subscribeAsync(topic, { qos: 1 });
  await device.publishAsync(topic, "the end", { qos: 1 });
  await ended;
  await device.endAsync();
  return seen;
}

describeOnMosquitto("publishing and subscribing", () => {
  it("carries body, headers, id, key, timestamp and content type", async () => {
    const bus = await brokers.open();
    const topic = `${unique()}.kitchen`;
    const inbox = acknowledging();
    await bus.subscribe(request(topic), inbox.sink);
    const sent = outbound(topic, '{"a":1}', { key: "k\u{1F600}\uFFFE", headers: { "x-a": "ä" } });
    await expect(bus.publish(sent)).resolves.toEqual({ id: sent.id, routed: true });
    const [delivery] = await inbox.received(1);
    const { native, ...record } = delivery?.record ?? { native: undefined };
    expect(native).toMatchObject({ cmd: "publish", qos: 1 });
    const { delivery: _d, sending: _s, publishToken: _p, topic: _t, ...expected } = sent;
    expect(record).toEqual({ ...expected, body: Buffer.from(expected.body) });
  });

  it.each([
    [5, { headers: { ä: "ö", b: "" }, key: "k", expiresInMs: 1000 }],
    [5, { delivery: "at-most-once" }],
    [4, {}],
    [4, { delivery: "at-most-once" }],
  ] as const)("counts every byte of a packet: version %d, %j", async (protocolVersion, changes) => {
    const { native: client } = await brokers.open({ native: { protocolVersion } });
    const stream = client.stream as unknown as Socket;
    for (const length of [0, 100, 20_000]) {
      const publication = fromRecord(outbound(unique(), new Uint8Array(length), changes), protocolVersion);
      const before = stream.bytesWritten;
      await client.publishAsync(publication.topic, publication.payload, publication.options);
      await expect.poll(() => stream.bytesWritten).toBeGreaterThan(before);
      await new Promise((resolve) => setImmediate(resolve));
      const size = stream.bytesWritten - before;
      expect(() => assertFits(publication, size)).not.toThrow();
      expect(() => assertFits(publication, size - 1)).toThrow(`${size} bytes`);
    }
  });

  it("tells that nobody is subscribed", async () => {
    const bus = await brokers.open();
    await expect(bus.publish(outbound(unique()))).resolves.toMatchObject({ routed: false });
  });

  it("tells of a request, which travels at most once, whether anybody is subscribed", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const asking = { delivery: "at-most-once", replyTo: unique(), correlationId: "1" } as const;
    await expect(bus.publish(outbound(topic, "", asking))).resolves.toMatchObject({ routed: false });
    const inbox = acknowledging();
    const shared = { group: unique(), delivery: "at-most-once" } as const;
    const subscriber = await bus.subscribe(request(topic, shared), inbox.sink);
    await expect(bus.publish(outbound(topic, "", asking))).resolves.toMatchObject({ routed: true });
    await inbox.received(1);
    expect(inbox.deliveries.map(({ record }) => (record.native as IPublishPacket).qos)).toEqual([0]);
    await subscriber.remove();
  });

  it("delivers thousands in order through a small credit", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const inbox = new Inbox((delivery) => setImmediate(() => delivery.settle("ack")));
    await bus.subscribe(request(topic, { maxInFlight: 10 }), inbox.sink);
    const numbers = Array.from({ length: 3000 }, (_, index) => String(index));
    await Promise.all(numbers.map((number) => bus.publish(outbound(topic, number))));
    await inbox.received(3000);
    expect(inbox.texts).toEqual(numbers);
  });

  it("matches wildcards and says which topic it was", async () => {
    const bus = await brokers.open();
    const root = unique();
    const [one, many] = [acknowledging(), acknowledging()];
    await bus.subscribe(request(`${root}.*.t`), one.sink);
    await bus.subscribe(request(`${root}.**`), many.sink);
    for (const topic of [root, `${root}.a.t`, `${root}.a.b.t`, `${root}.living_x20_room.t`])
      await bus.publish(outbound(topic));
    await many.received(3);
    await one.received(2);
    expect(one.deliveries.map(({ record }) => record.address)).toEqual([`${root}.a.t`, `${root}.living_x20_room.t`]);
    expect(many.deliveries.map(({ record }) => record.address)).toEqual([
      `${root}.a.t`,
      `${root}.a.b.t`,
      `${root}.living_x20_room.t`,
    ]);
  });

  it("shares the messages of a group among its members, over foreign members too", async () => {
    const bus = await brokers.open();
    const [topic, group] = [unique(), unique()];
    const inboxes = [acknowledging(), acknowledging()];
    for (const [index, inbox] of inboxes.entries()) {
      await bus.subscribe(request(topic, { group, member: `service-${index}` }), inbox.sink);
    }
    const other = await foreign(mosquittoUrl);
    const got: string[] = [];
    other.on("message", (_topic, payload) => got.push(payload.toString()));
    await other.subscribeAsync(`$share/${group}/${topic}`, { qos: 1 });
    const done = acknowledging();
    await bus.subscribe(request(topic), done.sink);
    for (let index = 0; index < 30; index++) await bus.publish(outbound(topic, String(index)));
    await done.received(30);
    const all = (): string[] => [...got, ...inboxes.flatMap(({ texts }) => texts)];
    await expect.poll(() => all().length).toBe(30);
    expect(new Set(all()).size).toBe(30);
    expect(got.length).toBeGreaterThan(0);
    await other.endAsync();
  });

  it("keeps and tells a last value", async () => {
    const bus = await brokers.open();
    const topic = unique();
    await bus.publish(outbound(topic, "kept", { retain: true }));
    const inbox = acknowledging();
    await bus.subscribe(request(topic), inbox.sink);
    await inbox.received(1);
    await bus.publish(outbound(topic, "live", { retain: true }));
    await inbox.received(2);
    expect(inbox.deliveries.map(({ record }) => [text(record.body), record.retained])).toEqual([
      ["kept", true],
      ["live", undefined],
    ]);
    await bus.native.publishAsync(topic, "", { retain: true, qos: 1 });
  });

  it("lets a message expire that nobody came for", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const away = request(topic, { durable: true });
    await (await bus.subscribe(away, () => {})).close();
    await bus.publish(outbound(topic, "stale", { expiresInMs: 300 }));
    await bus.publish(outbound(topic, "fresh", { expiresInMs: 60_000 }));
    // The broker's clock is the one that counts: what was published later, to live a second longer, is over by it.
    const later = unique();
    await bus.publish(outbound(later, "kept", { expiresInMs: 1300, retain: true }));
    expect(await keptOn(later)).toEqual(["kept"]);
    await expect.poll(() => keptOn(later), { timeout: 10_000 }).toEqual([]);
    const inbox = acknowledging();
    const back = await bus.subscribe(away, inbox.sink);
    await inbox.received(1);
    expect(inbox.texts).toEqual(["fresh"]);
    await back.remove();
  });

  it("acknowledges out of order and never twice", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const again = request(topic, { durable: true });
    const inbox = new Inbox();
    const first = await bus.subscribe(again, inbox.sink);
    for (let index = 0; index < 5; index++) await bus.publish(outbound(topic, String(index)));
    await inbox.received(5);
    for (const index of [3, 1, 1, 3]) inbox.deliveries[index]?.settle("ack");
    inbox.deliveries[4]?.settle("reject");
    inbox.deliveries[4]?.settle("ack");
    inbox.deliveries[0]?.settle("release");
    inbox.deliveries[0]?.settle("ack");
    await first.close();
    const back = acknowledging();
    const second = await bus.subscribe(again, back.sink);
    await back.received(2);
    expect(back.texts).toEqual(["0", "2"]);
    expect(back.deliveries.map(({ redelivered }) => redelivered)).toEqual([true, true]);
    await second.remove();
  });
});

describeOnMosquitto("at most once", () => {
  it("keeps the newest where the subscriber is full, and tells what it dropped", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const inbox = new Inbox();
    const asked = request(topic, { delivery: "at-most-once", maxInFlight: 3 });
    const dropped = status(bus, "dropped");
    const end = acknowledging();
    const subscriber = await bus.subscribe(asked, inbox.sink);
    await bus.subscribe(request(topic), end.sink);
    for (let index = 0; index < 20; index++) await bus.publish(outbound(topic, String(index)));
    await end.received(20);
    // The answer to its ping comes behind all that was sent to it.
    await subscriber.flush();
    await expect(dropped).resolves.toMatchObject({ name: asked.name });
    // Three are out, and of the rest the newest three wait.
    for (let index = 0; index < 6; index++) (await inbox.received(index + 1))[index]?.settle("ack");
    expect(inbox.texts).toEqual(["0", "1", "2", "17", "18", "19"]);
    expect(inbox.deliveries[0]).toMatchObject({ redelivered: false });
    expect(inbox.deliveries[0]?.position).toBeUndefined();
  });

  it("shares what comes at QoS 0 between the members of a group", async () => {
    const topic = unique();
    const asked = request(topic, { group: "g", delivery: "at-most-once", durable: false });
    const inbox = acknowledging();
    const members = [await brokers.open(), await brokers.open()];
    for (const [index, bus] of members.entries())
      await bus.subscribe({ ...asked, member: `member-${index}` }, inbox.sink);
    for (let index = 0; index < 20; index++) await members[0]?.publish(outbound(topic, String(index)));
    await inbox.received(20);
    expect(inbox.texts.map(Number).sort((one, other) => one - other)).toEqual([...Array(20).keys()]);
    expect(new Set(inbox.deliveries.map(({ record }) => (record.native as { qos: number }).qos))).toEqual(new Set([0]));
  });

  it("keeps what was confirmed for a durable subscription that is away", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const asked = request(topic, { delivery: "at-most-once", durable: true });
    await (await bus.subscribe(asked, () => {})).close();
    await bus.publish(outbound(topic, "kept"));
    const inbox = new Inbox();
    const second = await bus.subscribe(asked, inbox.sink);
    const [delivery] = await inbox.received(1);
    // Acknowledged before it was handled: not settled, and yet never again.
    await second.flush();
    await second.close();
    expect(delivery?.position).toBeUndefined();
    await bus.publish(outbound(topic, "new"));
    const back = acknowledging();
    const third = await bus.subscribe(asked, back.sink);
    await back.received(1);
    expect(back.texts).toEqual(["new"]);
    await third.remove();
  });

  it("does not acknowledge what comes after stop", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const asked = request(topic, { delivery: "at-most-once", durable: true });
    const first = await bus.subscribe(asked, () => expect.unreachable());
    await first.stop();
    await bus.publish(outbound(topic, "too late"));
    await first.flush();
    await first.close();
    const inbox = acknowledging();
    const second = await bus.subscribe(asked, inbox.sink);
    await inbox.received(1);
    expect(inbox.texts).toEqual(["too late"]);
    await second.remove();
  });

  it("publishes at QoS 0, thousands at once", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const listener = await foreign(mosquittoUrl);
    let last: { qos: number } | undefined;
    let count = 0;
    const end = new Promise<void>((resolve) => {
      listener.on("message", (_topic, payload, packet) => {
        last = packet;
        if (++count === 5000 || payload.toString() === "4999") resolve();
      });
    });
    await listener.subscribeAsync(topic, { qos: 1 });
    const all = Array.from({ length: 5000 }, (_, index) =>
      outbound(topic, String(index), { delivery: "at-most-once" }),
    );
    const receipts = await Promise.all(all.map((record) => bus.publish(record)));
    expect(receipts[4999]).toEqual({ id: all[4999]?.id });
    await end;
    expect(last?.qos).toBe(0);
    await listener.endAsync();
  });
});

describeOnMosquitto("foreign clients", () => {
  const bodies = [
    '{"key":"k","value":{"a":1},"headers":{}}',
    '{"pattern":"p","data":1,"id":"7"}',
    '{"topic":"t","payload":1}',
    "null",
    "17",
    "",
  ];

  it("publish at QoS 2, and are read at QoS 1, for what is acknowledged late is kept until then", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const inbox = acknowledging();
    await bus.subscribe(request(topic), inbox.sink);
    const device = await foreign(mosquittoUrl);
    await device.publishAsync(topic, "twice", { qos: 2 });
    await inbox.received(1);
    expect(inbox.deliveries.map(({ record }) => (record.native as IPublishPacket).qos)).toEqual([1]);
    await device.endAsync();
  });

  it("read what the bus publishes, byte for byte, with headers and content type", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const listener = await foreign(mosquittoUrl);
    const got: [string, unknown, unknown][] = [];
    listener.on("message", (_topic, payload, { properties }) => {
      got.push([payload.toString(), properties?.contentType, { ...properties?.userProperties }]);
    });
    await listener.subscribeAsync(`${topic}/room`, { qos: 1 });
    for (const body of bodies)
      await bus.publish(outbound(`${topic}.room`, body, { headers: { one: "1" }, id: "i", timestamp: 5 }));
    await expect.poll(() => got.length).toBe(bodies.length);
    expect(got).toEqual(bodies.map((body) => [body, "application/json", { one: "1", "busbar-meta": '["i",5]' }]));
    await listener.endAsync();
  });

  it.each([5, 4] as const)("are read byte for byte, on version %d and any QoS", async (protocolVersion) => {
    const bus = await brokers.open();
    const topic = unique();
    const inbox = acknowledging();
    await bus.subscribe(request(`${topic}.**`), inbox.sink);
    const device = await foreign(mosquittoUrl, { protocolVersion });
    for (const [index, body] of bodies.entries()) {
      const qos = (index % 3) as 0 | 1 | 2;
      await device.publishAsync(`${topic}/living room`, body, {
        qos,
        ...(protocolVersion === 5 ? { properties: { userProperties: { one: "1" } } } : {}),
      });
    }
    await inbox.received(bodies.length);
    expect(inbox.texts).toEqual(bodies);
    for (const { record } of inbox.deliveries) {
      const { native: _n, body: _b, ...rest } = record;
      expect(rest).toEqual({ address: `${topic}.living_x20_room`, headers: protocolVersion === 5 ? { one: "1" } : {} });
    }
    await device.endAsync();
  });
});
