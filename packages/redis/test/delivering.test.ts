import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import {
  acknowledging,
  foreignClient,
  Inbox,
  nextStatus,
  openBroker,
  proxied,
  record,
  request,
  statusOf,
  unique,
} from "./fixtures.ts";

const shortLease = { native: { leaseMs: 1000 } };

/** Resolves once somebody who extends nothing has held a message for so long by the server's clock, since it was called. */
async function leasesRunOut(topic: string, heldMs: number): Promise<void> {
  const [client, stream, twin] = [await foreignClient(), `busbar:${topic}`, unique("twin-")];
  await client.sendCommand(["XGROUP", "CREATE", stream, twin, "0"]);
  await client.sendCommand(["XREADGROUP", "GROUP", twin, "one", "COUNT", "1", "STREAMS", stream, ">"]);
  const overdue = (): Promise<unknown> =>
    client.sendCommand(["XPENDING", stream, twin, "IDLE", String(heldMs), "-", "+", "1"]);
  await expect.poll(overdue, { timeout: 20_000 }).toHaveLength(1);
}

describe.skipIf(brokerUrl === undefined)("delivering", () => {
  it("counts deliveries, and gives back in the order of the stream", async () => {
    const [broker, topic] = [await openBroker(), unique("a.")];
    let released = 0;
    const inbox = new Inbox((delivery) => delivery.settle(released++ < 3 ? "release" : "ack"));
    await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    for (const text of ["1", "2", "3"]) void broker.publish(record(topic, text));
    await inbox.received(6);
    expect(inbox.texts.slice(3)).toEqual(["1", "2", "3"]);
    expect(inbox.deliveries.map(({ deliveries, redelivered }) => [deliveries, redelivered])).toEqual([
      ...Array.from({ length: 3 }, () => [1, false]),
      ...Array.from({ length: 3 }, () => [2, true]),
    ]);
  });

  it("takes over what a dead member had, and leaves alone what a living one is still handling", async () => {
    const topic = unique("a.");
    const shared = request(topic, { group: "g", maxInFlight: 1 });
    const { proxy, url } = await proxied();
    // Of a process that stands still for a lease the others take what it has, as a busy machine may let it.
    const lease = { native: { leaseMs: 2_500 } };
    const dying = await openBroker({ url, ...lease });
    const living = await openBroker(lease);
    const [first, second] = [new Inbox(), new Inbox()];
    await dying.subscribe(shared, first.sink);
    await dying.publish(record(topic, "of the dead"));
    await first.received(1);
    await living.subscribe(shared, second.sink);
    await living.publish(record(topic, "of the living"));
    await second.received(1);
    // For two leases nobody takes anything from anybody, though there is somebody with nothing to do.
    const [idle, third] = [await openBroker(lease), acknowledging()];
    const waiting = await idle.subscribe(shared, third.sink);
    await leasesRunOut(topic, 2 * 2_500);
    await dying.publish(record(topic, "of the idle"));
    await third.received(1);
    expect([first.texts, second.texts, third.texts]).toEqual([["of the dead"], ["of the living"], ["of the idle"]]);
    await waiting.close();
    proxy.refuse();
    proxy.cut();
    second.deliveries[0]?.settle("ack");
    await second.received(2);
    expect(second.texts).toEqual(["of the living", "of the dead"]);
    expect(second.deliveries[1]).toMatchObject({ deliveries: 2, redelivered: true });
    expect(first.deliveries[0]?.stale).toBe(true);
  });

  it("has acknowledged at most once before it hands out", async () => {
    const [broker, client, topic] = [await openBroker(), await foreignClient(), unique("a.")];
    const inbox = new Inbox();
    const wanted = request(topic, { group: "g", delivery: "at-most-once" });
    await broker.subscribe(wanted, inbox.sink);
    await broker.publish(record(topic, "x", { delivery: "at-most-once" }));
    await inbox.received(1);
    expect(await client.xPending(`busbar:${topic}`, wanted.name)).toMatchObject({ pending: 0 });
  });

  it("finds a topic that is new for a wildcard, and reads it from its beginning", async () => {
    const [broker, root] = [await openBroker(), unique()];
    const inbox = acknowledging();
    await broker.publish(record(`${root}.before`, "not this"));
    const wanted = request(`${root}.*`, { group: "g" });
    const subscriber = await broker.subscribe(wanted, inbox.sink);
    await broker.publish(record(`${root}.one`, "1"));
    await inbox.received(1);
    await subscriber.close();
    for (const text of ["2", "3"]) await broker.publish(record(`${root}.while-away`, text));
    await broker.subscribe(wanted, inbox.sink);
    await inbox.received(3);
    expect(inbox.texts).toEqual(["1", "2", "3"]);
  });

  it("says so when what was pending is trimmed, or a group is gone", async () => {
    const [broker, client, topic] = [await openBroker(shortLease), await foreignClient(), unique("a.")];
    const inbox = new Inbox();
    const wanted = request(topic, { group: "g" });
    await broker.subscribe(wanted, inbox.sink);
    await broker.publish(record(topic, "trimmed"));
    await inbox.received(1);
    await client.xTrim(`busbar:${topic}`, "MAXLEN", 0);
    inbox.deliveries[0]?.settle("release");
    expect(await statusOf(broker, "position-lost")).toMatchObject({ name: wanted.name });
    broker.told.length = 0;
    await client.xGroupDestroy(`busbar:${topic}`, wanted.name);
    await statusOf(broker, "position-lost");
    await statusOf(broker, "subscription", ({ connected }) => connected);
    await broker.publish(record(topic, "after"));
    await inbox.received(2);
  });

  it("leaves nothing behind of a broadcast subscription, and a group with what it kept until it is removed", async () => {
    const [broker, client, topic] = [await openBroker(), await foreignClient(), unique("a.")];
    const groups = async (): Promise<number> => (await client.xInfoGroups(`busbar:${topic}`)).length;
    await (await broker.subscribe(request(topic), () => undefined)).close();
    expect(await groups()).toBe(0);
    const wanted = request(topic, { group: "g" });
    const subscriber = await broker.subscribe(wanted, () => undefined);
    await subscriber.close();
    for (const text of ["1", "2"]) await broker.publish(record(topic, text));
    expect(await broker.lag.lag(wanted.name)).toBe(2);
    await subscriber.remove();
    expect(await groups()).toBe(0);
    expect(await broker.lag.lag(wanted.name)).toBeUndefined();
  });

  it("clears away the broadcast group of a process that is gone, once its time is over", async () => {
    const [broker, client, topic] = [await openBroker(), await foreignClient(), unique("a.")];
    const wanted = request(topic);
    await client.sendCommand(["XGROUP", "CREATE", `busbar:${topic}`, wanted.name, "$", "MKSTREAM"]);
    const gone = JSON.stringify({ name: wanted.name, filter: topic });
    await client.sendCommand(["ZADD", "busbar::expiring", "1", gone]);
    await broker.subscribe(request(unique()), () => undefined);
    expect(await client.xInfoGroups(`busbar:${topic}`)).toEqual([]);
  });

  it("replaces a dead letter of the same slot, lists in order, and removes by handle", async () => {
    const [broker, group] = [await openBroker(), unique()];
    for (const slot of ["a", "b", "a"]) await broker.deadLetters.put(group, slot, record("t", slot, { topic: "t" }));
    const letters = [];
    for await (const letter of broker.deadLetters.list(group)) letters.push(letter);
    expect(letters.map(({ record: { body } }) => Buffer.from(body).toString())).toEqual(["b", "a"]);
    expect(letters[0]?.record).toMatchObject({ topic: "t" });
    const handles = letters.map(({ handle }) => handle);
    expect(await broker.deadLetters.remove(group, [...handles, "1-1", "no handle"])).toBe(2);
    for await (const letter of broker.deadLetters.list(group)) throw new Error(letter.handle);
  });

  it("comes back after a cut, with what was unsettled, and tells so", async () => {
    const { proxy, url } = await proxied();
    const [broker, topic] = [await openBroker({ url }), unique("a.")];
    const inbox = new Inbox((delivery) => delivery.redelivered && delivery.settle("ack"));
    await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    await broker.publish(record(topic, "x"));
    await inbox.received(1);
    const back = nextStatus(broker, "connected");
    proxy.cut();
    await inbox.received(2);
    await back;
    expect(inbox.deliveries.map(({ stale }) => stale)).toEqual([true, false]);
    await statusOf(broker, "subscription", ({ connected }) => connected);
  });
});
