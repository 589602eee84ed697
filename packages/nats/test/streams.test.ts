import { AckPolicy, jetstream } from "@nats-io/jetstream";
import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import {
  acknowledging,
  afterwards,
  canStart,
  errorOf,
  foreignClient,
  Inbox,
  openBroker,
  ownServer,
  ownToken,
  proxied,
  record,
  request,
  statusOf,
  streamsOf,
  unique,
} from "./fixtures.ts";

/** Resolves once the server has let so many leases of a second run out, of somebody who extends none, since it was called. */
async function leasesRunOut(stream: string, count: number): Promise<void> {
  const [client, name] = [await foreignClient(), unique("twin-")];
  const ackWait = 1_000 * 1_000_000;
  await (await streamsOf()).consumers.add(stream, { name, ack_policy: AckPolicy.Explicit, ack_wait: ackWait });
  const twin = await jetstream(client).consumers.get(stream, name);
  for (let given = 0; given <= count;) given = (await twin.next())?.info.deliveryCount ?? given;
}

/** Resolves once the server has deleted a consumer that was made now and that nobody asks anything of for so long. */
async function idleOneIsDeleted(stream: string, inactiveMs: number): Promise<void> {
  const [{ consumers }, name] = [await streamsOf(), unique("idle-")];
  const inactive_threshold = inactiveMs * 1_000_000;
  await consumers.add(stream, { name, ack_policy: AckPolicy.Explicit, inactive_threshold });
  const isThere = (): Promise<boolean> =>
    consumers.info(stream, name).then(
      () => true,
      () => false,
    );
  await expect.poll(isThere, { timeout: 4 * inactiveMs, interval: 200 }).toBe(false);
}

describe.skipIf(brokerUrl === undefined)("streams", () => {
  it("are made for a first token and everything under it, and refuse when they are full", async () => {
    const token = ownToken();
    const broker = await openBroker({ native: { maxBytes: 1_000_000, maxAgeMs: 3_600_000 } });
    const receipt = await broker.publish(record(token, "bare token"));
    expect((await broker.publish(record(`${token}.x.y`))).position).toBe(receipt.position?.replace("/1", "/2"));
    const { config } = await (await streamsOf()).streams.info(receipt.position?.split("/")[0] ?? "");
    expect(config).toMatchObject({
      subjects: [token, `${token}.>`],
      discard: "new",
      storage: "file",
      max_bytes: 1_000_000,
      max_age: 3_600_000 * 1_000_000,
    });
  });

  it("are not made by forgetting what never was, and what was is forgotten unread", async () => {
    const token = ownToken();
    const [broker, api] = [await openBroker(), await streamsOf()];
    const asked = request(`${token}.x`, { group: "g" });
    await broker.forget(asked);
    expect((await api.streams.names(`${token}.>`).next()).length).toBe(0);
    await (await broker.subscribe(asked, () => undefined)).close();
    const { position } = await broker.publish(record(`${token}.x`, "kept"));
    const stream = position?.split("/")[0] ?? "";
    expect(await api.consumers.info(stream, asked.name)).toMatchObject({
      num_pending: 1,
      delivered: { consumer_seq: 0 },
    });
    await broker.forget(asked);
    expect(await errorOf(api.consumers.info(stream, asked.name))).toMatchObject({ message: "consumer not found" });
  });

  it("are made by subscribing too, so that what is published from then on is received", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.*`, { group: "g" }), inbox.sink);
    await broker.publish(record(`${token}.a`, "first"));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["first"]);
  });

  it("are made once for many publishes at the same time, which keep their order", async () => {
    const token = ownToken();
    const broker = await openBroker();
    await Promise.all(Array.from({ length: 100 }, (_, n) => broker.publish(record(`${token}.a`, String(n)))));
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.a`, { startFrom: "earliest" }), inbox.sink);
    await inbox.received(100);
    expect(inbox.texts).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
  });

  it("are made again when somebody deleted one, and what found none is sent again in order", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const { position } = await broker.publish(record(`${token}.a`, "gone"));
    await (await streamsOf()).streams.delete(position?.split("/")[0] ?? "");
    const receipts = await Promise.all(
      Array.from({ length: 20 }, (_, n) => broker.publish(record(`${token}.a`, String(n)))),
    );
    expect(receipts.map((receipt) => Number(receipt.position?.split("/")[1]))).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.a`, { startFrom: "earliest" }), inbox.sink);
    await inbox.received(20);
    expect(inbox.texts).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
  });

  it("of somebody else are found by subject", async () => {
    const token = ownToken();
    const api = await streamsOf();
    const name = unique("THEIRS");
    await api.streams.add({ name, subjects: [`${token}.>`] });
    const broker = await openBroker();
    expect((await broker.publish(record(`${token}.a`))).position).toBe(`${name}/1`);
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.a`, { startFrom: "earliest" }), inbox.sink);
    await inbox.received(1);
  });

  it("of somebody else that take only some of the topics are an error that says what to do", async () => {
    const token = ownToken();
    const api = await streamsOf();
    const name = unique("THEIRS");
    await api.streams.add({ name, subjects: [`${token}.kitchen.>`] });
    const broker = await openBroker();
    expect((await broker.publish(record(`${token}.kitchen.a`))).position).toBe(`${name}/1`);
    for (const attempt of [
      () => broker.publish(record(`${token}.garage.a`)),
      () => broker.subscribe(request(`${token}.**`, { group: "g" }), () => undefined),
    ]) {
      const error = await errorOf(attempt());
      expect(error).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
      expect(error.message).toContain(`nats stream edit ${name} --subjects "${token},${token}.>"`);
      expect(error.message).toContain("native.streams");
    }
    // The neighbour is not harmed.
    expect((await broker.publish(record(`${token}.kitchen.a`))).position).toBe(`${name}/2`);
  });

  it("of somebody else are used as they are once they are named", async () => {
    const token = ownToken();
    const api = await streamsOf();
    const name = unique("THEIRS");
    await api.streams.add({ name, subjects: [`${token}.kitchen.>`] });
    const broker = await openBroker({ native: { streams: [name] } });
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.**`, { group: "g" }), inbox.sink);
    await broker.publish(record(`${token}.kitchen.a`, "theirs"));
    await inbox.received(1);
    expect(await errorOf(broker.publish(record(`${token}.garage.a`)))).toMatchObject({ retryable: false });
  });

  it("that are full refuse with a CapacityError, and those behind to the same key with it", async () => {
    const token = ownToken();
    const broker = await openBroker({ native: { maxBytes: 2_000 } });
    const body = "x".repeat(500);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => broker.publish(record(`${token}.a`, n < 9 ? body : "", { key: "k" }))),
    );
    const codes = results.map((result) =>
      result.status === "fulfilled" ? "ok" : (result.reason as { code: string }).code,
    );
    const full = codes.indexOf("BUSBAR_CAPACITY");
    expect(full).toBeGreaterThan(0);
    expect(codes.slice(full)).not.toContain("ok");
    expect(
      results
        .slice(full)
        .every((result) => result.status === "rejected" && (result.reason as { retryable: boolean }).retryable),
    ).toBe(true);
  });

  it("are read all of them by a filter that begins with a wildcard, those that are made later from their first message", async () => {
    const [one, two, later] = [ownToken(), ownToken(), ownToken()];
    const leaf = unique("leaf");
    const broker = await openBroker();
    // One that is there and found late would be read from its first message too.
    for (const token of [one, two]) await broker.publish(record(`${token}.${leaf}`, "before"));
    const inbox = acknowledging();
    const subscription = request(`*.${leaf}`, { group: "g" });
    const subscriber = await broker.subscribe(subscription, inbox.sink);
    afterwards(() => subscriber.remove());
    for (const token of [one, two, later]) {
      await broker.publish(record(`${token}.${leaf}`, token));
      await broker.publish(record(`${token}.other`, "not asked for"));
    }
    await inbox.until(() => [one, two, later].every((token) => inbox.texts.includes(token)));
    expect(inbox.texts.slice().sort()).toEqual([one, two, later].sort());
  });

  it("that appear while a durable subscriber with a leading wildcard is away lose nothing", async () => {
    const leaf = unique("leaf");
    const subscription = request(`*.${leaf}`, { group: "g" });
    const broker = await openBroker();
    await (await broker.subscribe(subscription, () => undefined)).close();
    const token = ownToken();
    await broker.publish(record(`${token}.${leaf}`, "meanwhile"));
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(subscription, inbox.sink);
    afterwards(() => subscriber.remove());
    await inbox.received(1);
    expect(inbox.texts).toEqual(["meanwhile"]);
  });

  it("and consumers are not made where the topology forbids it", async () => {
    const token = ownToken();
    const checking = await openBroker({ topology: "check" });
    for (const attempt of [
      () => checking.publish(record(`${token}.a`)),
      () => checking.subscribe(request(`${token}.a`), () => undefined),
    ]) {
      expect(await errorOf(attempt())).toMatchObject({ code: "BUSBAR_NOT_FOUND", retryable: false });
    }
    const api = await streamsOf();
    const name = unique("MADE");
    await api.streams.add({ name, subjects: [token, `${token}.>`] });
    expect((await checking.publish(record(`${token}.a`))).position).toBe(`${name}/1`);
    const durable = request(`${token}.a`, { group: "g" });
    expect(await errorOf(checking.subscribe(durable, () => undefined))).toMatchObject({ code: "BUSBAR_NOT_FOUND" });
    await api.consumers.add(name, { durable_name: durable.name, ack_policy: "explicit", max_deliver: -1 });
    const inbox = acknowledging();
    await checking.subscribe(durable, inbox.sink);
    await inbox.received(1);
    const assuming = await openBroker({ topology: "assume" });
    expect((await assuming.publish(record(`${token}.a`))).position).toBe(`${name}/2`);
  });
});

describe.skipIf(brokerUrl === undefined)("the consumer of a subscription", () => {
  it("delivers for ever, is named after it, and counts deliveries", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const subscription = request(`${token}.a`, { group: "g" });
    const inbox = new Inbox((delivery) => delivery.settle(inbox.deliveries.length < 4 ? "release" : "ack"));
    await broker.subscribe(subscription, inbox.sink);
    const { position = "" } = await broker.publish(record(`${token}.a`));
    await inbox.received(4);
    expect(inbox.deliveries.map(({ deliveries, redelivered }) => [deliveries, redelivered])).toEqual([
      [1, false],
      [2, true],
      [3, true],
      [4, true],
    ]);
    expect(new Set(inbox.deliveries.map((delivery) => delivery.position))).toEqual(
      new Set([position.replace("/", ":")]),
    );
    const info = await (await streamsOf()).consumers.info(position.split("/")[0] ?? "", subscription.name);
    expect(info.config).toMatchObject({ max_deliver: -1, ack_policy: "explicit", filter_subject: `${token}.a` });
  });

  it("delivers for ever also where somebody else made it to give up", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const { position = "" } = await broker.publish(record(`${token}.a`, "m"));
    const [stream = ""] = position.split("/");
    const api = await streamsOf();
    const asked = request(`${token}.a`, { group: "g" });
    await api.consumers.add(stream, { durable_name: asked.name, ack_policy: "explicit", max_deliver: 2 });
    const inbox = new Inbox((delivery) => delivery.settle(inbox.deliveries.length < 4 ? "release" : "ack"));
    await broker.subscribe(asked, inbox.sink);
    await inbox.received(4);
    expect(inbox.texts).toEqual(["m", "m", "m", "m"]);
    expect((await api.consumers.info(stream, asked.name)).config.max_deliver ?? -1).toBe(-1);
  });

  it("that may not be changed tells what it gives up", async () => {
    const token = ownToken();
    const api = await streamsOf();
    await api.streams.add({ name: token, subjects: [token, `${token}.>`] });
    const asked = request(`${token}.a`, { group: "g" });
    await api.consumers.add(token, { durable_name: asked.name, ack_policy: "explicit", max_deliver: 2 });
    const broker = await openBroker({ topology: "check" });
    const inbox = new Inbox((delivery) => delivery.settle("release"));
    await broker.subscribe(asked, inbox.sink);
    await broker.publish(record(`${token}.a`, "twice"));
    const { name, reason } = await statusOf(broker, "position-lost");
    expect(name).toBe(asked.name);
    expect(reason).toContain(`message 1 of the stream ${token} no more, since it has max_deliver 2`);
    expect(inbox.texts).toEqual(["twice", "twice"]);
  });

  it("honours the delay of a release", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const at: number[] = [];
    const inbox = new Inbox((delivery) => {
      at.push(performance.now());
      if (at.length === 1) delivery.settle("release", 400);
      else delivery.settle("ack");
    });
    await broker.subscribe(request(`${token}.a`, { group: "g" }), inbox.sink);
    await broker.publish(record(`${token}.a`));
    await inbox.received(2);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(390);
  });

  it("never brings a rejected message again", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const inbox = new Inbox((delivery) => delivery.settle("reject"));
    const subscription = request(`${token}.a`, { group: "g" });
    const subscriber = await broker.subscribe(subscription, inbox.sink);
    const { position = "" } = await broker.publish(record(`${token}.a`));
    await inbox.received(1);
    await subscriber.flush();
    const info = await (await streamsOf()).consumers.info(position.split("/")[0] ?? "", subscription.name);
    expect(info).toMatchObject({ num_ack_pending: 0, num_pending: 0 });
  });

  it("is never asked for more than there is credit for", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const subscription = request(`${token}.a`, { group: "g", maxInFlight: 5 });
    const inbox = new Inbox();
    await broker.subscribe(subscription, inbox.sink);
    const receipts = await Promise.all(
      Array.from({ length: 30 }, (_, n) => broker.publish(record(`${token}.a`, String(n)))),
    );
    await inbox.received(5);
    const api = await streamsOf();
    const stream = receipts[0]?.position?.split("/")[0] ?? "";
    expect(await api.consumers.info(stream, subscription.name)).toMatchObject({ num_ack_pending: 5, num_pending: 25 });
    for (let settled = 0; settled < 30; settled++) {
      inbox.deliveries[settled]?.settle("ack");
      await inbox.received(Math.min(30, settled + 6));
      expect(inbox.deliveries.length - settled - 1).toBeLessThanOrEqual(5);
    }
  });

  it("keeps the lease of what is being handled", async () => {
    const token = ownToken();
    const broker = await openBroker({ native: { ackWaitMs: 1_000 } });
    const inbox = new Inbox();
    // The one message that it may have is the slow one, so that another goes to another member.
    const subscription = request(`${token}.a`, { group: "g", maxInFlight: 1 });
    await broker.subscribe(subscription, inbox.sink);
    const { position = "" } = await broker.publish(record(`${token}.a`, "slow"));
    const [slow] = await inbox.received(1);
    const other = await openBroker({ native: { ackWaitMs: 1_000 } });
    const elsewhere = acknowledging();
    await other.subscribe(subscription, elsewhere.sink);
    await leasesRunOut(position.split("/")[0] ?? "", 2);
    await broker.publish(record(`${token}.a`, "next"));
    await elsewhere.received(1);
    expect(elsewhere.texts).toEqual(["next"]);
    expect(inbox.texts).toEqual(["slow"]);
    slow?.settle("ack");
  });

  it("is made again when somebody deletes it, and says that its place is lost", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const inbox = new Inbox();
    const subscription = request(`${token}.a`, { group: "g" });
    await broker.subscribe(subscription, inbox.sink);
    const { position = "" } = await broker.publish(record(`${token}.a`, "unsettled"));
    const [before] = await inbox.received(1);
    // The server may fail to clear the consumer's folder, and has deleted it all the same.
    await (await streamsOf()).consumers.delete(position.split("/")[0] ?? "", subscription.name).catch(() => undefined);
    const { name } = await statusOf(broker, "position-lost");
    expect(name).toBe(subscription.name);
    await broker.publish(record(`${token}.a`, "later"));
    await inbox.received(3);
    expect(inbox.texts).toEqual(["unsettled", "unsettled", "later"]);
    expect(before?.stale).toBe(true);
  });

  it("goes with a subscription that is neither durable nor grouped, and stays with a durable one until it is removed", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const { position = "" } = await broker.publish(record(`${token}.a`));
    const stream = position.split("/")[0] ?? "";
    const api = await streamsOf();
    const names = async (): Promise<string[]> => {
      const list: string[] = [];
      for await (const { name } of api.consumers.list(stream)) list.push(name);
      return list;
    };
    const broadcast = await broker.subscribe(request(`${token}.a`), () => undefined);
    const durable = request(`${token}.a`, { group: "g" });
    const subscriber = await broker.subscribe(durable, () => undefined);
    expect(await names()).toHaveLength(2);
    await broadcast.close();
    await subscriber.close();
    expect(await names()).toEqual([durable.name]);
    await subscriber.remove();
    expect(await names()).toEqual([]);
  });

  it("gives what was fetched and not begun to another member as soon as one stops", async () => {
    const token = ownToken();
    // With a lease that long, what the server merely waits for does not come within the test.
    const native = { ackWaitMs: 120_000 };
    const subscription = request(`${token}.a`, { group: "g", maxInFlight: 8 });
    const one = await openBroker({ native });
    const inbox = new Inbox();
    const subscriber = await one.subscribe(subscription, inbox.sink);
    // Paused, it has asked for eight and hands out nothing: three are still asked for when it stops.
    subscriber.pause();
    for (let n = 0; n < 5; n++) await one.publish(record(`${token}.a`, String(n)));
    await subscriber.stop();
    const two = await openBroker({ native });
    const elsewhere = acknowledging();
    await two.subscribe(subscription, elsewhere.sink);
    await elsewhere.received(5);
    expect(elsewhere.texts).toEqual(["0", "1", "2", "3", "4"]);
    expect(inbox.deliveries).toHaveLength(0);
  });

  it("tells how far its subscription is behind, also while nobody is there", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const subscription = request(`${token}.a`, { group: "g" });
    expect(await broker.lag.lag(subscription.name)).toBeUndefined();
    await (await broker.subscribe(subscription, () => undefined)).close();
    await Promise.all([1, 2, 3].map((n) => broker.publish(record(`${token}.a`, String(n)))));
    expect(await broker.lag.lag(subscription.name)).toBe(3);
  });

  it("tells how far its subscription is behind although another stream goes while it looks", async () => {
    const [token, other] = [ownToken(), ownToken()];
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const subscription = request(`${token}.a`, { group: "g" });
    await (await broker.subscribe(subscription, () => undefined)).close();
    await broker.publish(record(`${token}.a`));
    const { position = "" } = await broker.publish(record(`${other}.a`));
    const [gone = ""] = position.split("/");
    // The broker learns of the stream as it was, and only then of anything else.
    const answers = (await foreignClient()).subscribe("_INBOX.>");
    proxy.onSaid = (bytes) => {
      if (bytes.includes("STREAM.LIST")) proxy.freeze("answers");
    };
    const lag = broker.lag.lag(subscription.name);
    for await (const answer of answers) {
      const text = answer.string();
      if (text.includes("stream_list_response") && text.includes(gone)) break;
    }
    await (await streamsOf()).streams.delete(gone);
    proxy.thaw();
    expect(await lag).toBe(1);
  });

  it("keeps a subscription that is not durable alive while it is paused", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const inbox = new Inbox();
    const subscriber = await broker.subscribe(request(`${token}.a`, { maxInFlight: 1, graceMs: 5_000 }), inbox.sink);
    await broker.publish(record(`${token}.a`));
    const [delivery] = await inbox.received(1);
    subscriber.pause();
    delivery?.settle("ack");
    await subscriber.flush();
    const { position = "" } = await broker.publish(record(`${token}.a`));
    // Twice the time after which the server deletes a consumer that nobody asks anything of.
    for (let time = 0; time < 2; time++) await idleOneIsDeleted(position.split("/")[0] ?? "", 5_000);
    subscriber.resume();
    await inbox.received(2);
    expect(broker.told.some(({ type }) => type === "position-lost")).toBe(false);
  });
});

describe.skipIf(!canStart)("a filter for everything", () => {
  it("reads every stream but those of the bus itself, and survives that one vanishes", async () => {
    const server = await ownServer();
    const broker = await openBroker({ url: server.url });
    await broker.deadLetters.put("g", "slot", record("_busbar.dlq.g", "dead"));
    for (const token of ["one", "two", "three"]) await broker.publish(record(`${token}.a`, token));
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(request("**", { group: "g", startFrom: "earliest" }), inbox.sink);
    await inbox.received(3);
    const { position = "" } = await broker.publish(record("two.b", "two again"));
    await inbox.received(4);
    await (await streamsOf(new URL(server.url).host)).streams.delete(position.split("/")[0] ?? "");
    await statusOf(broker, "position-lost");
    await broker.publish(record("three", "three again"));
    await broker.publish(record("four.a", "four"));
    await inbox.received(6);
    expect(new Set(inbox.texts)).toEqual(new Set(["one", "two", "three", "two again", "three again", "four"]));
    await subscriber.remove();
  });
});

describe.skipIf(!canStart)("an account without JetStream", () => {
  it("is told apart, and gives at-most-once delivery only", async () => {
    const accounts = {
      STREAMS: { jetstream: "enabled", users: [{ user: "a", password: "a" }] },
      PLAIN: { users: [{ user: "b", password: "b" }] },
    };
    const server = await ownServer({ accounts });
    const broker = await openBroker({ url: server.url, credentials: { username: "b", password: "b" } });
    const [connected] = broker.told;
    expect(connected).toMatchObject({
      type: "connected",
      effective: {
        product: "nats-server",
        supports: { atLeastOnce: "unsupported", deadLetters: "unsupported", atMostOnce: "native" },
      },
    });
    expect(connected?.type === "connected" && connected.effective.warnings[0]).toContain("JetStream is not enabled");
    expect(await errorOf(broker.subscribe(request("a.b"), () => undefined))).toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
    });
    expect(await errorOf(broker.publish(record("a.b")))).toMatchObject({ code: "BUSBAR_UNSUPPORTED" });
    const inbox = acknowledging();
    await broker.subscribe(request("a.b", { delivery: "at-most-once" }), inbox.sink);
    await broker.publish(record("a.b", "plain", { delivery: "at-most-once" }));
    await inbox.received(1);
  });
});
