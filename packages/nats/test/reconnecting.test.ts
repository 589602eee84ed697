import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { connect } from "@busbar/core";
import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import {
  acknowledging,
  canStart,
  errorOf,
  Inbox,
  newBroker,
  openBroker,
  ownServer,
  ownToken,
  proxied,
  record,
  request,
  statusOf,
  streamsOf,
  textOf,
} from "./fixtures.ts";

describe.skipIf(brokerUrl === undefined)("a connection that is lost", () => {
  it("rejects what is unanswered as outcome unknown, what comes meanwhile at once, and works again by itself", async () => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    await broker.publish(record(`${token}.a`));
    proxy.freeze("answers");
    const unanswered = Array.from({ length: 3 }, (_, n) => errorOf(broker.publish(record(`${token}.a`, String(n)))));
    proxy.refuse();
    proxy.cut();
    for (const error of await Promise.all(unanswered))
      expect(error).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    await statusOf(broker, "disconnected");
    const before = performance.now();
    expect(await errorOf(broker.publish(record(`${token}.a`)))).toMatchObject({
      code: "BUSBAR_CONNECTION",
      retryable: true,
    });
    expect(await errorOf(broker.publish(record(`${token}.a`, "", { delivery: "at-most-once" })))).toMatchObject({
      retryable: true,
    });
    expect(await errorOf(broker.subscribe(request(`${token}.a`), () => undefined))).toMatchObject({
      code: "BUSBAR_CONNECTION",
      retryable: true,
    });
    expect(performance.now() - before).toBeLessThan(200);
    broker.told.length = 0;
    proxy.accept();
    await statusOf(broker, "connected");
    await broker.publish(record(`${token}.a`));
  });

  it("brings what is unsettled again at once, as stale, and what was settled meanwhile never", async () => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const inbox = new Inbox();
    const subscription = request(`${token}.a`, { group: "g" });
    await broker.subscribe(subscription, inbox.sink);
    const publisher = await openBroker();
    const receipts = await Promise.all(
      ["one", "two", "three"].map((text) => publisher.publish(record(`${token}.a`, text))),
    );
    const [one, two, three] = await inbox.received(3);
    // The acknowledgement of the first may or may not have left when the connection breaks; the second is settled without one.
    one?.settle("ack");
    proxy.refuse();
    proxy.cut();
    await statusOf(broker, "subscription", ({ connected }) => !connected);
    two?.settle("ack");
    proxy.accept();
    const start = performance.now();
    await inbox.received(4);
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(three?.stale).toBe(true);
    const again = inbox.deliveries[3];
    expect(again).toMatchObject({ redelivered: true, deliveries: 2, position: three?.position, stale: false });
    expect(again && textOf(again)).toBe("three");
    three?.settle("reject");
    again?.settle("ack");
    await publisher.publish(record(`${token}.a`, "four"));
    await inbox.received(5);
    expect(inbox.texts).toEqual(["one", "two", "three", "three", "four"]);
    inbox.deliveries[4]?.settle("ack");
    const api = await streamsOf();
    const stream = receipts[0]?.position?.split("/")[0] ?? "";
    await expect.poll(async () => (await api.consumers.info(stream, subscription.name)).num_ack_pending).toBe(0);
  });

  it("loses nothing and repeats nothing settled of a broadcast, which has no group", async () => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    // What the server had sent when the connection broke, and never arrived, comes after a lease.
    const broker = await openBroker({ url, native: { ackWaitMs: 1_000 } });
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.*`), inbox.sink);
    const publisher = await openBroker();
    for (let n = 0; n < 100; n++) {
      if (n % 25 === 10) proxy.cut();
      await publisher.publish(record(`${token}.a`, String(n)));
    }
    await inbox.until(() => new Set(inbox.texts).size === 100);
    expect(broker.told.filter(({ type }) => type === "position-lost")).toEqual([]);
  });

  it("is noticed when the server merely falls silent", async () => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url, native: { pingIntervalMs: 200 } });
    await broker.publish(record(`${token}.a`));
    proxy.freeze("answers");
    const error = await errorOf(broker.publish(record(`${token}.a`)));
    expect(error).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    broker.told.length = 0;
    proxy.thaw();
    await statusOf(broker, "connected");
  });

  it("keeps at-most-once subscriptions", async () => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.a`, { delivery: "at-most-once" }), inbox.sink);
    proxy.cut();
    await statusOf(broker, "subscription", ({ connected }) => !connected);
    await statusOf(broker, "subscription", ({ connected }) => connected);
    await broker.publish(record(`${token}.a`, "", { delivery: "at-most-once" }));
    await inbox.received(1);
  });

  it("is closed over within a few seconds, also while it is away", async () => {
    const token = ownToken();
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const inbox = new Inbox();
    await broker.subscribe(request(`${token}.a`, { group: "g" }), inbox.sink);
    await broker.publish(record(`${token}.a`));
    const [delivery] = await inbox.received(1);
    proxy.refuse();
    proxy.cut();
    await statusOf(broker, "disconnected");
    delivery?.settle("ack");
    const start = performance.now();
    await broker.close();
    expect(performance.now() - start).toBeLessThan(4_000);
    expect(broker.told.find(({ type }) => type === "settlement-failed")).toMatchObject({
      outcome: "ack",
      delivery: {
        position: delivery?.position,
        record: { address: delivery?.record.address, id: delivery?.record.id },
      },
    });
  });
});

describe.skipIf(brokerUrl === undefined)("opening", () => {
  it("rejects retryable when nobody is there, and may be called again", async () => {
    const { proxy, url } = await proxied();
    proxy.refuse();
    proxy.cut();
    const broker = newBroker({ url, connectTimeoutMs: 1_000 });
    expect(await errorOf(broker.open())).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    proxy.accept();
    expect(await broker.open()).toMatchObject({ product: "nats-server" });
    const nobody = newBroker({ url: "nats://127.0.0.1:9" });
    expect(await errorOf(nobody.open())).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    expect(() => nobody.native).toThrow(expect.objectContaining({ code: "BUSBAR_CLOSED" }));
  });

  it("rejects within its bound when the server says nothing, and with the reason when its signal aborts", async () => {
    const { url } = await proxied(new URL("nats://127.0.0.1:9"));
    const start = performance.now();
    expect(await errorOf(newBroker({ url, connectTimeoutMs: 300 }).open())).toMatchObject({ retryable: true });
    expect(performance.now() - start).toBeLessThan(2_000);
    const reason = new Error("enough");
    const aborting = new AbortController();
    const opening = newBroker().open({ signal: aborting.signal });
    aborting.abort(reason);
    expect(await errorOf(opening)).toBe(reason);
  });

  it("hangs up on a server that says nothing, which would keep the process alive otherwise", async () => {
    const callers: Promise<void>[] = [];
    const silent = createServer((socket) => {
      callers.push(new Promise((resolve) => socket.once("close", () => resolve())));
      socket.resume().on("error", () => undefined);
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const broker = newBroker({ url: `nats://127.0.0.1:${port}`, connectTimeoutMs: 300 });
    for (let attempt = 0; attempt < 2; attempt++)
      expect(await errorOf(broker.open())).toMatchObject({ retryable: true });
    expect(callers).toHaveLength(2);
    await Promise.all(callers);
    silent.close();
  });

  it("refuses a server that does not encrypt where encryption is required", async () => {
    const error = await errorOf(newBroker({ url: `natss://${new URL(brokerUrl ?? "").host}` }).open());
    expect(error).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
  });

  it("takes the second of two servers where the first is not there", async () => {
    await openBroker({ url: `nats://127.0.0.1:9,${new URL(brokerUrl ?? "").host}` });
  });
});

describe.skipIf(!canStart)("a server of its own", () => {
  it("may be restarted twice under load without a loss", async () => {
    const server = await ownServer();
    const broker = await openBroker({ url: server.url });
    const inbox = acknowledging();
    await broker.subscribe(request("load.*", { group: "g" }), inbox.sink);
    let next = 0;
    let running = true;
    const load = (async () => {
      while (running) {
        const sending = record("load.a", String(next));
        for (let attempt = 1; ; attempt++) {
          try {
            await broker.publish({ ...sending, sending: attempt });
            break;
          } catch (error) {
            expect(error).toMatchObject({ retryable: true });
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
        next++;
      }
    })();
    await inbox.received(20);
    for (let restart = 0; restart < 2; restart++) {
      await server.restart();
      await inbox.received(inbox.deliveries.length + 20);
    }
    running = false;
    await load;
    await inbox.until(() => new Set(inbox.texts).size === next);
    expect(broker.told.filter(({ type }) => type === "position-lost")).toEqual([]);
    // What a cut made come twice was marked as such.
    const seen = new Set<string>();
    for (const delivery of inbox.deliveries) {
      if (seen.has(delivery.position ?? "")) expect(delivery.redelivered).toBe(true);
      seen.add(delivery.position ?? "");
    }
    expect([...new Set(inbox.texts)]).toEqual(Array.from({ length: next }, (_, n) => String(n)));
  });

  it("refuses a wrong password for good, and says no secret", async () => {
    const server = await ownServer({ authorization: { user: "ours", password: "right" } });
    const url = new URL(server.url);
    url.username = "ours";
    url.password = "wr0ng-secret";
    const error = await errorOf(newBroker({ url: url.href.replace(/\/$/, "") }).open());
    expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain("wr0ng-secret");
    const right = await openBroker({ url: server.url, credentials: { username: "ours", password: "right" } });
    await right.publish(record("a.b"));
  });

  it("that refuses us after a reconnect is fatal, and what is asked then says why", async () => {
    const [first, second] = [
      await ownServer({ authorization: { user: "ours", password: "right" } }),
      await ownServer({ authorization: { user: "ours", password: "changed" } }),
    ];
    const { proxy, url } = await proxied(new URL(first.url));
    const broker = await openBroker({ url, credentials: { username: "ours", password: "right" } });
    proxy.leadTo({ port: Number(new URL(second.url).port) });
    proxy.cut();
    const { error } = await statusOf(broker, "fatal");
    expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
    expect(error.message).not.toContain("right");
    expect(await errorOf(broker.publish(record("a.b")))).toMatchObject({ code: "BUSBAR_AUTHENTICATION" });
  });

  it("that refuses us after a reconnect ends what waits for messages, and the bus says why", async () => {
    const [first, second] = [
      await ownServer({ authorization: { user: "ours", password: "right" } }),
      await ownServer({ authorization: { user: "ours", password: "changed" } }),
    ];
    const { proxy, url } = await proxied(new URL(first.url));
    const broker = newBroker({ url, credentials: { username: "ours", password: "right" } });
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const bus = await connect({ brokers: { main: broker }, logger });
    const stream = await bus.messages("a.b", { group: "g" });
    const asked = errorOf(stream.next());
    proxy.leadTo({ port: Number(new URL(second.url).port) });
    proxy.cut();
    const refused = { code: "BUSBAR_AUTHENTICATION", retryable: false };
    expect(await asked).toMatchObject(refused);
    expect(bus.health()).toMatchObject({ status: "down", subscriptions: [{ state: "failed" }] });
    await bus.close({ deadlineMs: 0 });
  });

  it("may ask for a token, in the URL too", async () => {
    const server = await ownServer({ authorization: { token: "t0ken/x" } });
    await openBroker({ url: server.url, credentials: { token: "t0ken/x" } });
    await openBroker({ url: server.url.replace("//", "//t0ken%2Fx@") });
    expect(await errorOf(newBroker({ url: server.url }).open())).toMatchObject({ code: "BUSBAR_AUTHENTICATION" });
  });
});
