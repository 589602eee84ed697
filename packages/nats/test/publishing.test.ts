import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import {
  acknowledging,
  canStart,
  errorOf,
  foreignClient,
  openBroker,
  ownServer,
  ownToken,
  record,
  request,
  streamsOf,
  unique,
} from "./fixtures.ts";

describe.skipIf(brokerUrl === undefined).each(["at-least-once", "at-most-once"] as const)(
  "delivering %s",
  (delivery) => {
    it("gives each delivery bytes of its own, also those that came in one piece", async () => {
      const token = ownToken();
      const broker = await openBroker();
      const inbox = acknowledging();
      const durable = delivery === "at-least-once";
      await broker.subscribe(request(token, { delivery, durable }), (received) => {
        received.record.body.fill(0);
        received.settle("ack");
      });
      await broker.subscribe(request(token, { delivery, durable }), inbox.sink);
      const bodies = Array.from({ length: 50 }, (_, index) => `body ${index}`);
      await Promise.all(bodies.map((body) => broker.publish(record(token, body, { delivery }))));
      await inbox.received(bodies.length);
      expect(inbox.texts).toEqual(bodies);
    });
  },
);

describe.skipIf(brokerUrl === undefined)("publishing at least once", () => {
  it("lets a replay of the same message through, and the same id on another topic", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const once = record(`${token}.a`, "x", { id: "the same" });
    await broker.publish(once);
    expect((await broker.publish({ ...once, publishToken: "a replay's" })).position).toMatch(/\/2$/);
    expect((await broker.publish(record(`${token}.b`, "x", { id: "the same" }))).position).toMatch(/\/3$/);
  });

  it("recognises a resend of one publish call, and calls the same token an error on anything else", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const once = record(`${token}.a`, "x");
    const { position } = await broker.publish(once);
    expect((await broker.publish({ ...once, sending: 2 })).position).toBe(position);
    const error = await errorOf(broker.publish(once));
    expect(error).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    expect(error.message).toContain("token");
  });

  it("refuses what is too large with its headers before it is sent, and the connection survives", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const max = broker.native.info?.max_payload ?? 0;
    const [status] = broker.told;
    expect(status?.type === "connected" && status.effective.limits).toEqual({ maxBodyBytes: max });
    const error = await errorOf(broker.publish(record(`${token}.a`, new Uint8Array(max - 10))));
    expect(error).toMatchObject({ code: "BUSBAR_TOO_LARGE", retryable: false });
    await broker.publish(record(`${token}.a`, new Uint8Array(max - 1_000)));
    expect(broker.told).toHaveLength(1);
  });

  it("rejects with the reason of the signal as soon as it aborts", async () => {
    const token = ownToken();
    const broker = await openBroker();
    await broker.publish(record(`${token}.a`));
    const aborting = new AbortController();
    const reason = new Error("enough");
    const publish = broker.publish(record(`${token}.a`), { signal: aborting.signal });
    aborting.abort(reason);
    expect(await errorOf(publish)).toBe(reason);
    expect(await errorOf(broker.publish(record(`${token}.a`), { signal: aborting.signal }))).toBe(reason);
  });

  it("flushes what is underway when it closes", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const publishes = Array.from({ length: 50 }, (_, n) => broker.publish(record(`${token}.a`, String(n))));
    await Promise.resolve();
    await broker.close();
    await Promise.all(publishes);
    expect(await errorOf(broker.publish(record(`${token}.a`)))).toMatchObject({ code: "BUSBAR_CLOSED" });
    expect(await errorOf(broker.subscribe(request(`${token}.a`), () => undefined))).toMatchObject({
      code: "BUSBAR_CLOSED",
    });
  });

  it("refuses what the server would take and not honour", async ({ skip }) => {
    const token = ownToken();
    const broker = await openBroker();
    const [status] = broker.told;
    const effective = status?.type === "connected" ? status.effective : undefined;
    skip(!/^2\.([0-9]|10)\./.test(effective?.version ?? ""), `nats-server ${effective?.version} honours it`);
    expect(effective?.supports).toMatchObject({ expiry: "unsupported", delay: "unsupported" });
    const error = await errorOf(broker.publish(record(`${token}.a`, "", { expiresInMs: 1_000, delayMs: 500 })));
    expect(error).toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
      needs: [{ capability: "expiry" }, { capability: "delay" }],
    });
    const loose = record(`${token}.a`, "", { expiresInMs: 1_000, delivery: "at-most-once" });
    expect(await errorOf(broker.publish(loose))).toMatchObject({ code: "BUSBAR_UNSUPPORTED" });
  });

  it("never reaches the server's own subjects", async () => {
    const broker = await openBroker();
    expect(await errorOf(broker.publish(record("_x24_JS.API.INFO")))).toMatchObject({
      code: "BUSBAR_INVALID_ARGUMENT",
    });
  });
});

describe.skipIf(brokerUrl === undefined)("delivering at most once", () => {
  it("needs no stream, and gives a message once to each group", async () => {
    const token = ownToken();
    const [publisher, member, other] = [await openBroker(), await openBroker(), await openBroker()];
    const [one, two, alone] = [acknowledging(), acknowledging(), acknowledging()];
    const group = request(`${token}.a`, { group: "g", durable: false, delivery: "at-most-once" });
    await member.subscribe(group, one.sink);
    await other.subscribe(group, two.sink);
    await other.subscribe(request(`${token}.*`, { delivery: "at-most-once" }), alone.sink);
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        publisher.publish(record(`${token}.a`, String(n), { delivery: "at-most-once" })),
      ),
    );
    await alone.received(50);
    // One connection's messages arrive in order, so the groups have theirs as well after a last one for both.
    await member.native.flush();
    await other.native.flush();
    expect([...one.texts, ...two.texts].map(Number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, n) => n),
    );
    expect(one.deliveries.length).toBeGreaterThan(0);
    expect(two.deliveries.length).toBeGreaterThan(0);
    const names: string[] = [];
    for await (const name of (await streamsOf()).streams.names(`${token}.a`)) names.push(name);
    expect(names).toEqual([]);
  });

  it("gives two filters of one group a message each", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const [narrow, wide] = [acknowledging(), acknowledging()];
    await broker.subscribe(
      request(`${token}.a`, { group: "g", durable: false, delivery: "at-most-once" }),
      narrow.sink,
    );
    await broker.subscribe(request(`${token}.*`, { group: "g", durable: false, delivery: "at-most-once" }), wide.sink);
    await broker.publish(record(`${token}.a`, "for both", { delivery: "at-most-once" }));
    await Promise.all([narrow.received(1), wide.received(1)]);
  });

  it("drops the oldest of what has no room, and says how many", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const subscription = request(`${token}.a`, { delivery: "at-most-once", maxInFlight: 2 });
    const texts: string[] = [];
    const settles: (() => void)[] = [];
    await broker.subscribe(subscription, (delivery) => {
      texts.push(new TextDecoder().decode(delivery.record.body));
      settles.push(() => delivery.settle("ack"));
    });
    for (let n = 0; n < 10; n++) await broker.publish(record(`${token}.a`, String(n), { delivery: "at-most-once" }));
    await broker.native.flush();
    await new Promise((resolve) => setImmediate(resolve));
    const dropped = broker.told.reduce((sum, status) => sum + (status.type === "dropped" ? status.count : 0), 0);
    expect(dropped).toBe(6);
    for (const settle of settles.splice(0)) settle();
    expect(texts).toEqual(["0", "1", "8", "9"]);
  });

  it("keeps the bus's own, the server's and replies from a filter for everything", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const inbox = acknowledging();
    await broker.subscribe(request("**", { delivery: "at-most-once" }), inbox.sink);
    const foreign = await foreignClient();
    for (const subject of ["_busbar.dlq.g.s", "_INBOX.x.y", "$KV.b.k", `${token}.last`]) foreign.publish(subject, "x");
    await inbox.until(() => inbox.deliveries.some(({ record: { address } }) => address === `${token}.last`));
    const addresses = inbox.deliveries.map(({ record: { address } }) => address);
    expect(addresses.filter((address) => /^(_busbar|_INBOX|_x24_|\$)/.test(address))).toEqual([]);
  });

  it("says of a request whether anybody is subscribed, a plain client and a member of a group too", async () => {
    const broker = await openBroker();
    const topic = unique("_busbar.rpc.");
    const asking = { delivery: "at-most-once", replyTo: unique("answers"), correlationId: "1" } as const;
    const ask = (address: string) => broker.publish(record(address, "", asking));
    expect(await ask(`${topic}.nobody`)).toMatchObject({ routed: false });
    const client = await foreignClient();
    client.subscribe(`${topic}.plain`);
    await client.flush();
    const inbox = acknowledging();
    await broker.subscribe(request(`${topic}.a`, { group: "g", durable: false, delivery: "at-most-once" }), inbox.sink);
    const receipts = await Promise.all([ask(`${topic}.plain`), ask(`${topic}.nobody`), ask(`${topic}.a`)]);
    expect(receipts.map(({ routed }) => routed)).toEqual([true, false, true]);
    const [delivery] = await inbox.received(1);
    expect(delivery?.record).toMatchObject({ replyTo: asking.replyTo, correlationId: "1" });
    expect(await broker.publish(record(topic, "", { delivery: "at-most-once" }))).not.toHaveProperty("routed");
  });

  it("of a request is kept by no stream of the bus, which would answer in place of the one who is asked", async () => {
    const broker = await openBroker();
    const group = unique("g");
    await broker.deadLetters.put(group, "slot", record("_busbar.dlq.g"));
    const asked = unique("_busbar.rpc.");
    await broker.publish(record(asked, "", { delivery: "at-most-once", replyTo: unique("answers") }));
    const keeping: string[] = [];
    for await (const name of (await streamsOf()).streams.names(asked)) keeping.push(name);
    expect(keeping).toEqual([]);
    await broker.deadLetters.remove(group, ["slot"]);
  });

  it("over a durable subscription is acknowledged before the handler, and kept while nobody is there", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const subscription = request(`${token}.a`, { group: "g", durable: true, delivery: "at-most-once" });
    await (await broker.subscribe(subscription, () => undefined)).close();
    await broker.publish(record(`${token}.a`, "kept", { delivery: "at-most-once" }));
    const inbox = acknowledging();
    const first = await broker.subscribe(subscription, (delivery) => {
      inbox.sink(delivery);
      delivery.settle("release");
    });
    await inbox.received(1);
    await first.close();
    expect(await broker.lag.lag(subscription.name)).toBe(0);
  });
});

describe.skipIf(!canStart)("a user who may publish only some subjects", () => {
  it("is refused at once, and only there", async () => {
    const server = await ownServer({
      authorization: {
        users: [
          {
            user: "u",
            password: "p",
            permissions: { publish: ["ok.>", "ok", "$JS.API.>", "_INBOX.>"], subscribe: ["_INBOX.>", "ok.>"] },
          },
        ],
      },
    });
    const broker = await openBroker({ url: server.url, credentials: { username: "u", password: "p" } });
    await broker.publish(record("ok.a"));
    expect(await errorOf(broker.publish(record("secret.a")))).toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
    });
    expect(await errorOf(broker.publish(record("secret.a", "", { delivery: "at-most-once" })))).toMatchObject({
      code: "BUSBAR_REFUSED",
    });
    expect(
      await errorOf(broker.subscribe(request("secret.a", { delivery: "at-most-once" }), () => undefined)),
    ).toMatchObject({
      code: "BUSBAR_REFUSED",
    });
    await broker.publish(record("ok.a"));
  });
});
