import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
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
  spiedSockets,
  statusOf,
  textOf,
  unique,
} from "./fixtures.ts";

const quick = { native: { heartbeatMs: 1000 } };

onRabbit("losing the connection", () => {
  it("rejects every publish under way promptly, as outcome unknown, and never sends one twice", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const topic = unique("a.");
    const direct = await openBroker();
    const inbox = acknowledging();
    await direct.subscribe(request(topic), inbox.sink);
    proxy.freeze("everything");
    const outcomes = Array.from({ length: 50 }, (_, index) => errorOf(broker.publish(record(topic, `lost ${index}`))));
    proxy.cut();
    for (const error of await Promise.all(outcomes)) {
      expect(error).toMatchObject({ name: "ConnectionError", code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    }
    proxy.thaw();
    await statusOf(broker, "disconnected");
    await statusOf(broker, "connected", () => broker.told.filter(({ type }) => type === "connected").length === 1);
    await direct.publish(record(topic, "end"));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["end"]);
  });

  it("rejects a publish at once while there is no connection, and publishes again after the reconnect", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    proxy.refuse();
    proxy.cut();
    await statusOf(broker, "disconnected");
    expect(await errorOf(broker.publish(record("a")))).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    proxy.accept();
    broker.told.length = 0;
    await statusOf(broker, "connected");
    expect(await broker.publish(record(unique()))).toMatchObject({ routed: false });
  });

  it("goes on over the next host when its own is gone for good, and back again", async () => {
    const [one, two] = [await proxied(), await proxied()];
    two.proxy.refuse();
    const hosts = [one, two].map(({ proxy }) => `127.0.0.1:${proxy.port}`).join();
    const broker = await openBroker({ url: `amqp://guest:guest@${hosts}` });
    const topic = unique("a.");
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    for (const [from, to] of [
      [one.proxy, two.proxy],
      [two.proxy, one.proxy],
    ] as const) {
      const [published, subscribed] = [
        nextStatus(broker, "connected"),
        nextStatus(broker, "subscription", ({ connected }) => connected),
      ];
      to.accept();
      from.refuse();
      from.cut();
      await Promise.all([published, subscribed]);
      expect(from.connections).toBe(0);
      expect(to.connections).toBe(2);
      const before = inbox.deliveries.length;
      await broker.publish(record(topic, "m"));
      await inbox.received(before + 1);
    }
    await subscriber.remove();
  });

  it("notices a peer that is silent, and lets go of its socket", async () => {
    const { proxy, url } = await proxied();
    const { sockets, stop } = spiedSockets();
    const broker = await openBroker({ url, ...quick });
    stop();
    proxy.freeze("everything");
    const error = await errorOf(broker.publish(record(unique())));
    expect(error).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    while ([...sockets].some(({ destroyed }) => !destroyed)) await new Promise((resolve) => setImmediate(resolve));
    expect(sockets.size).toBe(1);
    proxy.thaw();
  });

  it("closes within a few seconds in front of a peer that is silent", async () => {
    const { proxy, url } = await proxied();
    const { sockets, stop } = spiedSockets();
    const broker = await openBroker({ url });
    const topic = unique("a.");
    await broker.subscribe(request(topic), new Inbox().sink);
    await broker.publish(record(topic));
    stop();
    proxy.freeze("everything");
    const never = errorOf(broker.publish(record(topic)));
    const started = Date.now();
    await broker.close();
    expect(Date.now() - started).toBeLessThan(6000);
    expect(await never).toMatchObject({ retryable: true });
    while ([...sockets].some(({ destroyed }) => !destroyed)) await new Promise((resolve) => setImmediate(resolve));
    expect(sockets.size).toBe(2);
    proxy.thaw();
  });

  it.each([
    ["a group", { group: "g" }],
    ["no group", {}],
  ])("brings a subscription of %s back, with what was unsettled and what came meanwhile", async (_, changes) => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const direct = await openBroker();
    const topic = unique("a.");
    const inbox = new Inbox();
    const asked = request(topic, changes);
    const subscriber = await broker.subscribe(asked, inbox.sink);
    for (const text of ["done", "open", "open too"]) await direct.publish(record(topic, text));
    const [done] = await inbox.received(3);
    done?.settle("ack");
    await subscriber.flush();
    proxy.refuse();
    proxy.cut();
    const lost = await statusOf(broker, "subscription");
    expect(lost).toMatchObject({ name: asked.name, connected: false, error: { retryable: true } });
    expect(inbox.deliveries.every(({ stale }) => stale)).toBe(true);
    for (const delivery of inbox.deliveries) delivery.settle("ack");
    expect(await direct.publish(record(topic, "meanwhile"))).toMatchObject({ routed: true });
    proxy.accept();
    await inbox.received(6);
    expect(inbox.deliveries.slice(3).map(textOf)).toEqual(["open", "open too", "meanwhile"]);
    expect(inbox.deliveries.slice(3, 5).map(({ redelivered }) => redelivered)).toEqual([true, true]);
    await statusOf(broker, "subscription", ({ connected }) => connected);
    expect(broker.told.filter(({ type }) => type === "position-lost")).toEqual([]);
    await subscriber.remove();
  });

  it("swallows a settlement from before, and settles the redelivery", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const topic = unique("a.");
    const inbox = new Inbox();
    await broker.subscribe(request(topic), inbox.sink);
    await broker.publish(record(topic, "m"));
    const [before] = await inbox.received(1);
    proxy.cut();
    await inbox.received(2);
    before?.settle("ack");
    inbox.deliveries[1]?.settle("ack");
    expect(before?.stale).toBe(true);
    // A stale tag would have closed the new channel.
    await statusOf(broker, "subscription", ({ connected }) => connected);
    broker.told.length = 0;
    await (await openBroker()).publish(record(topic, "n"));
    await inbox.received(3);
    expect(textOf(inbox.deliveries[2] as never)).toBe("n");
    expect(broker.told.filter(({ type }) => type === "subscription")).toEqual([]);
  });

  it("tells of an acknowledgement that could not be written", async () => {
    const { sockets, stop } = spiedSockets();
    const broker = await openBroker();
    const topic = unique("a.");
    const asked = request(topic);
    const inbox = new Inbox();
    await broker.subscribe(asked, inbox.sink);
    stop();
    await broker.publish(record(topic, "m"));
    const [delivery] = await inbox.received(1);
    // The connection breaks in the very turn in which the handler is done.
    delivery?.settle("ack");
    for (const socket of sockets) socket.destroy(new Error("cut"));
    const status = await statusOf(broker, "settlement-failed");
    expect(status).toMatchObject({
      name: asked.name,
      outcome: "ack",
      delivery: { stale: true },
      error: { retryable: true },
    });
    expect(status).toHaveProperty("delivery", delivery);
    await inbox.received(2);
    expect(inbox.deliveries[1]).toMatchObject({ redelivered: true });
  });

  it("survives cuts at any moment of coming back", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    // Each time it comes back it is cut after so many bytes: in the handshake, while channels open, while the consumer starts.
    const limits = [1, 500, 1000, 1150, 1200];
    let bytes = 0;
    const allCut = new Promise<void>((resolve) => {
      proxy.onSaid = (chunk) => {
        bytes += chunk.length;
        const [limit] = limits;
        if (limit === undefined || bytes < limit) return;
        limits.shift();
        bytes = 0;
        proxy.cut();
        if (limits.length === 0) resolve();
      };
    });
    proxy.cut();
    await allCut;
    const sender = await openBroker();
    await sender.publish(record(topic, "after all"));
    await inbox.received(1);
    expect(inbox.texts).toContain("after all");
    broker.told.length = 0;
  });

  it("gives up when the broker refuses again and again, and says so", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url, connectTimeoutMs: 500 });
    // From now on it is a web server that answers, which will never be a broker.
    const web = createServer((socket) =>
      socket
        .on("error", () => undefined)
        .resume()
        .end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    await once(web.listen(0, "127.0.0.1"), "listening");
    afterwards(() => web.close());
    proxy.leadTo(web.address() as AddressInfo);
    proxy.cut();
    const { error } = await statusOf(broker, "fatal");
    expect(error).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    expect(await errorOf(broker.publish(record("a")))).toBe(error);
  });

  it("is subscribed once after many cuts", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(asked, inbox.sink);
    for (let round = 0; round < 3; round++) {
      broker.told.length = 0;
      proxy.cut();
      await statusOf(broker, "subscription", ({ connected }) => connected);
    }
    const channel = await foreignChannel();
    afterwards(() => subscriber.remove());
    // The broker takes a moment to see that the connections that were cut are gone.
    for (;;) {
      const { consumerCount } = await channel.checkQueue(asked.name);
      if (consumerCount <= 1) break;
    }
    expect((await channel.checkQueue(asked.name)).consumerCount).toBe(1);
  });
});
