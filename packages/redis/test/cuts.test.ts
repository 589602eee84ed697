import type { Subscriber } from "@busbar/core/contract";
import { describe, expect, it } from "vitest";
import { all, lost, outcomeOf, written } from "../../../integration/support/cut-calls.ts";
import type { CutCall } from "../../../integration/support/cut-calls.ts";
import type { RedisBroker } from "../src/redis-broker.ts";
import { brokerUrl } from "./broker-url.ts";
import { Inbox, nextStatus, openBroker, proxied, record, request, unique } from "./fixtures.ts";

/** What is there when the connection goes. */
interface Scene {
  readonly broker: RedisBroker;
  readonly topic: string;
  readonly group: string;
  /** The name of the subscription. */
  readonly name: string;
  readonly subscriber: Subscriber;
  /** One without a group, which is deleted with its subscriber. */
  readonly broadcast: Subscriber;
}

const once = { delivery: "at-most-once" } as const;

/** Every call that waits for a word of the server, and what comes of it when that never comes. */
const calls: readonly CutCall<Scene>[] = [
  ["a publish", ({ broker, topic }) => broker.publish(record(topic)), lost],
  ["a publish at most once", ({ broker, topic }) => broker.publish(record(topic, "", once)), undefined],
  ["a request", ({ broker, topic }) => broker.publish(record(topic, "", { ...once, replyTo: "r" })), lost],
  ["a subscribe", ({ broker, topic }) => broker.subscribe(request(topic), () => undefined), lost],
  ["a subscribe to a wildcard", ({ broker }) => broker.subscribe(request("*.x"), () => undefined), lost],
  ["a flush", ({ subscriber }) => subscriber.flush(), undefined],
  ["a stop", ({ subscriber }) => subscriber.stop(), undefined],
  ["a close", ({ subscriber }) => subscriber.close(), undefined],
  ["a close of a broadcast, which deletes its group", ({ broadcast }) => broadcast.close(), undefined],
  ["a remove", ({ subscriber }) => subscriber.remove(), lost],
  ["a look at the lag", ({ broker, name }) => broker.lag.lag(name), lost],
  ["a dead letter put", ({ broker, group, topic }) => broker.deadLetters.put(group, "s", record(topic)), lost],
  ["a dead letter list", ({ broker, group }) => all(broker.deadLetters.list(group)), lost],
  ["a dead letter removal", ({ broker, group }) => broker.deadLetters.remove(group, ["1-1"]), lost],
];

describe.skipIf(brokerUrl === undefined)("a connection that is cut while the server owes an answer", () => {
  it.each(calls)("settles %s", async (_name, call, outcome) => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    const inbox = new Inbox();
    const subscriber = await broker.subscribe(asked, inbox.sink);
    const broadcast = await broker.subscribe(request(topic), new Inbox().sink);
    await broker.publish(record(topic));
    const [delivery] = await inbox.received(1);
    proxy.freeze("everything");
    delivery?.settle("ack");
    const scene = { broker, topic, group: unique("g"), name: asked.name, subscriber, broadcast };
    const settled = outcomeOf(call(scene));
    // What is to be written is written within a few turns of the event loop; none of it arrives.
    await written();
    const back = nextStatus(broker, "connected");
    proxy.cut();
    proxy.thaw();
    expect(await settled).toEqual(outcome);
    await back;
    expect(await broker.publish(record(topic))).toHaveProperty("position");
  });

  it("settles a flush, a stop and a close also when the connection does not come back", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const topic = unique("a.");
    const inbox = new Inbox();
    const subscriber = await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    await broker.publish(record(topic));
    const [delivery] = await inbox.received(1);
    const lostIt = nextStatus(broker, "disconnected");
    proxy.refuse();
    proxy.cut();
    await lostIt;
    delivery?.settle("ack");
    await subscriber.flush();
    await subscriber.stop();
    await subscriber.close();
    await broker.close();
  });
});
