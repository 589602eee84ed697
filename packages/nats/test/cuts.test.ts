import type { Subscriber } from "@busbar/core/contract";
import { describe, expect, it } from "vitest";
import { all, lost, outcomeOf, written } from "../../../integration/support/cut-calls.ts";
import type { CutCall } from "../../../integration/support/cut-calls.ts";
import { brokerUrl } from "./broker-url.ts";
import {
  acknowledging,
  errorOf,
  Inbox,
  openBroker,
  ownToken,
  proxied,
  record,
  request,
  statusOf,
  unique,
} from "./fixtures.ts";
import type { ToldBroker } from "./fixtures.ts";

/** What is there when the connection goes. */
interface Scene {
  readonly broker: ToldBroker;
  readonly topic: string;
  readonly group: string;
  /** The name of the subscription. */
  readonly name: string;
  readonly subscriber: Subscriber;
  /** One that is at most once, over core NATS. */
  readonly fleeting: Subscriber;
}

const once = { delivery: "at-most-once" } as const;

/** Every call that waits for a word of the server, and what comes of it when that never comes. */
const calls: readonly CutCall<Scene>[] = [
  ["a publish", ({ broker, topic }) => broker.publish(record(topic)), lost],
  ["a publish to a new stream", ({ broker, topic }) => broker.publish(record(`n${topic}`)), lost],
  ["a request", ({ broker, topic }) => broker.publish(record(topic, "", { ...once, replyTo: "r" })), lost],
  ["a subscribe", ({ broker, topic }) => broker.subscribe(request(topic), () => undefined), lost],
  ["a subscribe at most once", ({ broker, topic }) => broker.subscribe(request(topic, once), () => undefined), lost],
  ["a flush", ({ subscriber }) => subscriber.flush(), undefined],
  ["a stop", ({ subscriber }) => subscriber.stop(), undefined],
  ["a stop at most once", ({ fleeting }) => fleeting.stop(), undefined],
  ["a close", ({ subscriber }) => subscriber.close(), undefined],
  ["a close at most once", ({ fleeting }) => fleeting.close(), undefined],
  ["a remove", ({ subscriber }) => subscriber.remove(), lost],
  ["a look at the lag", ({ broker, name }) => broker.lag.lag(name), lost],
  ["a dead letter put", ({ broker, group, topic }) => broker.deadLetters.put(group, "s", record(topic)), lost],
  ["a dead letter list", ({ broker, group }) => all(broker.deadLetters.list(group)), lost],
  ["a dead letter removal", ({ broker, group }) => broker.deadLetters.remove(group, ["1"]), lost],
];

describe.skipIf(brokerUrl === undefined)("a connection that is cut while the server owes an answer", () => {
  it.each(calls)("settles %s", async (_name, call, outcome) => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const topic = `${ownToken()}.a`;
    const asked = request(topic, { group: "g" });
    const inbox = new Inbox();
    const subscriber = await broker.subscribe(asked, inbox.sink);
    const fleeting = await broker.subscribe(request(topic, once), acknowledging().sink);
    await broker.publish(record(topic));
    const [delivery] = await inbox.received(1);
    proxy.freeze("answers");
    delivery?.settle("ack");
    const scene = { broker, topic, group: unique("g"), name: asked.name, subscriber, fleeting };
    const settled = outcomeOf(call(scene));
    // What is to be written is written within a few turns of the event loop; none of it is answered.
    await written();
    broker.told.length = 0;
    const back = statusOf(broker, "connected");
    proxy.cut();
    expect(await settled).toEqual(outcome);
    await back;
    expect(await broker.publish(record(topic))).toMatchObject({ id: expect.any(String) as string });
  });

  it("settles a flush and a stop also when the connection does not come back", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const topic = `${ownToken()}.a`;
    const inbox = new Inbox();
    const subscriber = await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    await broker.publish(record(topic));
    const [delivery] = await inbox.received(1);
    proxy.refuse();
    proxy.cut();
    await statusOf(broker, "disconnected");
    delivery?.settle("ack");
    await subscriber.flush();
    await subscriber.stop();
    expect(await errorOf(broker.publish(record(topic)))).toMatchObject({ retryable: true });
  });

  it("settles what is published at most once", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    proxy.freeze("answers");
    const topic = unique();
    const publishes = Array.from({ length: 100 }, () => outcomeOf(broker.publish(record(topic, "", once))));
    await written();
    proxy.cut();
    // What was written counts as sent: at most once asks no more.
    for (const error of await Promise.all(publishes)) if (error !== undefined) expect(error).toEqual(lost);
  });
});
