import type { Subscriber } from "@busbar/core/contract";
import { TcpProxy } from "@busbar/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { all, lost, outcomeOf, written } from "../../../integration/support/cut-calls.ts";
import type { CutCall } from "../../../integration/support/cut-calls.ts";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { behindProxy } from "../../../tools/conformance/behind-proxy.mjs";
import { kafka } from "../src/index.ts";
import type { KafkaBroker } from "../src/index.ts";
import { brokerUrl, serverKind } from "./broker-url.ts";
import { clients, collect, record, request, statuses, unique } from "./fixtures.ts";

const possible = brokerUrl !== undefined && (await canStartInstance(serverKind));
const native = { heartbeatIntervalMs: 200, fetchWaitMs: 100, requestTimeoutMs: 3_000, partitions: 1 };
const once = { delivery: "at-most-once" } as const;

/** What is there when the connection goes. */
interface Scene {
  readonly broker: KafkaBroker;
  readonly topic: string;
  readonly group: string;
  /** The name of the subscription. */
  readonly name: string;
  readonly subscriber: Subscriber;
  /** One without a group, which is deleted with its subscriber. */
  readonly broadcast: Subscriber;
}

/** Every call that waits for a word of the server, and what comes of it when that never comes. */
const calls: readonly CutCall<Scene>[] = [
  ["a publish", ({ broker, topic }) => broker.publish(record(topic)), lost],
  ["a publish to a new topic", ({ broker, topic }) => broker.publish(record(`${topic}.new`)), lost],
  ["a publish at most once", ({ broker, topic }) => broker.publish(record(topic, "", once)), lost],
  // A member that has not joined yet connects once more.
  ["a subscribe", ({ broker, topic }) => broker.subscribe(request(topic), () => undefined), undefined],
  ["a subscribe to a wildcard", ({ broker }) => broker.subscribe(request("*.x"), () => undefined), lost],
  ["a flush", ({ subscriber }) => subscriber.flush(), undefined],
  ["a stop", ({ subscriber }) => subscriber.stop(), undefined],
  ["a close", ({ subscriber }) => subscriber.close(), undefined],
  ["a close of a broadcast, which deletes its group", ({ broadcast }) => broadcast.close(), undefined],
  ["a remove", ({ subscriber }) => subscriber.remove(), undefined],
  ["a look at the lag", ({ broker, name }) => broker.lag.lag(name), lost],
  ["a dead letter put", ({ broker, group, topic }) => broker.deadLetters.put(group, "s", record(topic)), lost],
  ["a dead letter list", ({ broker, group }) => all(broker.deadLetters.list(group)), lost],
  ["a dead letter removal", ({ broker, group }) => broker.deadLetters.remove(group, ["s"]), lost],
];

describe.skipIf(!possible).each(clients)("a connection that is cut while Kafka owes an answer to %s", (client) => {
  let instance: Awaited<ReturnType<typeof startInstance>>;
  let proxy: TcpProxy;
  let url: string;

  beforeAll(async () => {
    instance = await startInstance(serverKind, { label: "cuts", ...behindProxy });
    const { proxied, proxy: port } = instance.ports as { readonly proxied: number; readonly proxy: number };
    proxy = await TcpProxy.open({ port: proxied }, port);
    url = `kafka://127.0.0.1:${port}`;
  });

  afterAll(async () => {
    await proxy?.close();
    await instance?.destroy();
  });

  /** A broker with subscriptions that it is about to be cut from, with an acknowledgement on its way. */
  async function set(): Promise<Scene & { readonly told: ReturnType<typeof statuses> }> {
    const broker = kafka({ url, native: { ...native, client }, connectTimeoutMs: 5_000 });
    await broker.open();
    const topic = unique("cut");
    const [asked, { group: _, ...own }] = [request(topic), request(topic, { durable: false })];
    const { inbox, subscriber } = await collect(broker, asked, { settle: false });
    const { subscriber: broadcast } = await collect(broker, own);
    await broker.publish(record(topic));
    const [delivery] = await inbox.count(1);
    const told = statuses(broker);
    proxy.freeze("answers");
    delivery?.settle("ack");
    return {
      broker,
      topic,
      group: unique("g"),
      name: asked.name,

      subscriber,
      broadcast,
      told,
    };
  }

  it.each(calls)("settles %s", { timeout: 60_000 }, async (_name, call, outcome) => {
    const scene = await set();
    const settled = outcomeOf(call(scene));
    // What is to be written is written within a few turns of the event loop; none of it is answered.
    await written();
    proxy.cut();
    expect(await settled).toEqual(outcome);
    await scene.told.until((items) => items.some(({ type }) => type === "connected"));
    await scene.broker.publish(record(scene.topic));
    await scene.broker.close();
  });

  it(
    "deletes the group of a subscription that is removed, though its goodbye is lost",
    { timeout: 60_000 },
    async () => {
      const { broker, name, subscriber } = await set();
      const removed = subscriber.remove();
      await written();
      proxy.cut();
      await removed;
      expect(await broker.lag.lag(name)).toBeUndefined();
      await broker.close();
    },
  );
});
