import type { Subscriber } from "@busbar/core/contract";
import { expect, it } from "vitest";
import { all, lost, outcomeOf, written } from "../../../integration/support/cut-calls.ts";
import type { CutCall } from "../../../integration/support/cut-calls.ts";
import type { AmqpBroker } from "../src/amqp-broker.ts";
import { acknowledging, nextStatus, onRabbit, openBroker, proxied, record, request, unique } from "./fixtures.ts";

/** What is there when the connection goes. */
interface Scene {
  readonly broker: AmqpBroker;
  readonly topic: string;
  readonly group: string;
  readonly queue: string;
  readonly subscriber: Subscriber;
}

/** Every call that waits for a word of the broker, and what comes of it when that never comes. */
const calls: readonly CutCall<Scene>[] = [
  ["a publish", ({ broker, topic }) => broker.publish(record(topic)), lost],
  [
    "a request",
    ({ broker, topic }) => broker.publish(record(topic, "", { delivery: "at-most-once", replyTo: "r" })),
    lost,
  ],
  ["a subscribe", ({ broker, topic }) => broker.subscribe(request(topic), () => undefined), lost],
  ["a flush", ({ subscriber }) => subscriber.flush(), undefined],
  ["a stop", ({ subscriber }) => subscriber.stop(), undefined],
  ["a close", ({ subscriber }) => subscriber.close(), undefined],
  ["a remove", ({ subscriber }) => subscriber.remove(), lost],
  ["a look at the lag", ({ broker, queue }) => broker.lag.lag(queue), lost],
  ["a dead letter put", ({ broker, group, topic }) => broker.deadLetters.put(group, "s", record(topic)), lost],
  ["a dead letter list", ({ broker, group }) => all(broker.deadLetters.list(group)), lost],
  ["a dead letter removal", ({ broker, group }) => broker.deadLetters.remove(group, ["s"]), lost],
];

onRabbit("a connection that is cut while the broker owes an answer", () => {
  it.each(calls)("settles %s", async (_, call, outcome) => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    const topic = unique("a.");
    const asked = request(topic);
    const inbox = acknowledging();
    const scene = {
      broker,
      topic,
      group: unique("g-"),
      queue: asked.name,
      subscriber: await broker.subscribe(asked, inbox.sink),
    };
    proxy.freeze("everything");
    const settled = outcomeOf(call(scene));
    // What is to be written is written within a few turns of the event loop; none of it arrives.
    await written();
    const back = nextStatus(broker, "connected");
    proxy.cut();
    proxy.thaw();
    expect(await settled).toEqual(outcome);
    await back;
    expect(await broker.publish(record(unique()))).toMatchObject({ routed: false });
  });

  it("settles what is published at most once and waits for room in the socket", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    proxy.freeze("everything");
    const body = new Uint8Array(8_000);
    // More than the sockets on the way and the client's own buffer take.
    const publishes = Array.from({ length: 5000 }, () =>
      outcomeOf(broker.publish(record("a", body, { delivery: "at-most-once" }))),
    );
    await written();
    proxy.cut();
    proxy.thaw();
    const errors = (await Promise.all(publishes)).filter((error) => error !== undefined);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toMatchObject({ name: "ConnectionError", retryable: true });
  });
});
