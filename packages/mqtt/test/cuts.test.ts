import type { Subscriber } from "@busbar/core/contract";
import { TcpProxy } from "@busbar/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { all, lost, outcomeOf, written } from "../../../integration/support/cut-calls.ts";
import type { CutCall } from "../../../integration/support/cut-calls.ts";
import type { MqttBroker } from "@busbar/mqtt";
import { describeOnMosquitto, mosquittoUrl } from "./broker-url.ts";
import { FakeServer, granting } from "./fake-server.ts";
import { Brokers, outbound, request, status, unique } from "./fixtures.ts";

const brokers = new Brokers(mosquittoUrl);
let proxy: TcpProxy;
beforeEach(async () => {
  if (mosquittoUrl !== "") proxy = await TcpProxy.open({ port: Number(new URL(mosquittoUrl).port) });
});
afterEach(async () => {
  await brokers.close();
  await proxy?.close();
});

/** What is there when the connection goes. */
interface Scene {
  readonly bus: MqttBroker;
  readonly topic: string;
  readonly group: string;
  readonly subscriber: Subscriber;
  readonly member: Subscriber;
}

/** Every call that waits for a word of the server, and what comes of it when that never comes. */
const calls: readonly CutCall<Scene>[] = [
  ["a publish", ({ bus, topic }) => bus.publish(outbound(topic)), lost],
  ["a request", ({ bus, topic }) => bus.publish(outbound(topic, "", { delivery: "at-most-once", replyTo: "r" })), lost],
  ["a subscribe", ({ bus, topic }) => bus.subscribe(request(topic), () => undefined), lost],
  ["a flush", ({ subscriber }) => subscriber.flush(), undefined],
  ["a stop", ({ subscriber }) => subscriber.stop(), undefined],
  ["a close", ({ subscriber }) => subscriber.close(), undefined],
  ["a close of a member, which unsubscribes", ({ member }) => member.close(), undefined],
  ["a dead letter put", ({ bus, group, topic }) => bus.deadLetters.put(group, "s", outbound(topic, "x")), lost],
  ["a dead letter list", ({ bus, group }) => all(bus.deadLetters.list(group)), lost],
  ["a dead letter removal", ({ bus, group }) => bus.deadLetters.remove(group, ["s"]), lost],
];

async function set(): Promise<Scene> {
  const bus = await brokers.open({ url: `mqtt://127.0.0.1:${proxy.port}` });
  const topic = unique();
  const subscriber = await bus.subscribe(request(topic), () => undefined);
  const member = await bus.subscribe(request(topic, { group: unique(), graceMs: 1000 }), () => undefined);
  return { bus, topic, group: unique(), subscriber, member };
}

describeOnMosquitto("a connection that is cut while the server owes an answer", () => {
  it.each(calls)("settles %s", async (_name, call, outcome) => {
    const scene = await set();
    proxy.freeze("answers");
    const settled = outcomeOf(call(scene));
    // What is to be written is written within a few turns of the event loop; none of it is answered.
    await written();
    const back = status(scene.bus, "connected");
    proxy.cut();
    expect(await settled).toEqual(outcome);
    await back;
    await expect(scene.bus.publish(outbound(unique()))).resolves.toMatchObject({ routed: false });
  });

  it("settles what is published at most once and waits for room in the socket", async () => {
    const { bus, topic } = await set();
    proxy.freeze("everything");
    const body = new Uint8Array(8_000);
    // More than the sockets on the way take.
    const publishes = Array.from({ length: 5000 }, () =>
      outcomeOf(bus.publish(outbound(topic, body, { delivery: "at-most-once" }))),
    );
    await written();
    const back = status(bus, "connected");
    proxy.cut();
    const errors = (await Promise.all(publishes)).filter((error) => error !== undefined);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toMatchObject({ name: "ConnectionError", retryable: true });
    await back;
  });
});

describe("a connection that the server cuts instead of answering a SUBSCRIBE", () => {
  it("settles the subscribe, and its name is free again", async () => {
    let cutting = true;
    const server = await FakeServer.start({
      subscribe: (packetId, filter) => {
        if (filter !== "a" || !cutting) return granting(filter === "a" ? 1 : 0)(packetId, filter);
        cutting = false;
        server.cut();
        return [];
      },
    });
    try {
      const bus = await brokers.open({ url: server.url });
      const asked = request("a");
      const back = status(bus, "connected");
      await expect(bus.subscribe(asked, () => undefined)).rejects.toMatchObject({ retryable: true });
      await back;
      await expect(bus.subscribe(asked, () => undefined)).resolves.toBeDefined();
      await brokers.close();
    } finally {
      await server.close();
    }
  });

  it("leaves the opening to find out less, and settles it", async () => {
    let asked = 0;
    const server = await FakeServer.start({
      subscribe: () => {
        asked++;
        server.cut();
        return [];
      },
    });
    try {
      const opened = brokers.make({ url: server.url }).open();
      await expect(opened).resolves.toMatchObject({ product: "unknown", version: "unknown" });
      expect(asked).toBeGreaterThan(0);
      await brokers.close();
    } finally {
      await server.close();
    }
  });
});
