import { EventEmitter } from "node:events";
import { TcpProxy } from "@busbar/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection } from "../src/connection.ts";
import { Publisher } from "../src/publisher.ts";
import { describeOnMosquitto, mosquittoUrl } from "./broker-url.ts";
import { acknowledging, Brokers, outbound, request, status, unique } from "./fixtures.ts";

/** As much of a client of mqtt.js as the publisher uses, answering when it is told to. */
class FakeClient extends EventEmitter {
  readonly stream = Object.assign(new EventEmitter(), { writableNeedDrain: false, destroyed: false });
  readonly sent: string[] = [];
  readonly #answers = new Map<string, (error?: Error) => void>();

  publish(_topic: string, payload: Buffer, _options: object, callback?: (error?: Error) => void): void {
    this.sent.push(payload.toString());
    if (callback !== undefined) this.#answers.set(payload.toString(), callback);
  }

  answer(body: string, reasonCode = 0): void {
    this.emit("packetreceive", { cmd: "puback", reasonCode });
    this.#answers.get(body)?.(
      reasonCode >= 0x80 ? Object.assign(new Error("refused"), { code: reasonCode }) : undefined,
    );
  }
}

function publisherOf(properties: object = {}): { client: FakeClient; publisher: Publisher } {
  const client = new FakeClient();
  const publisher = new Publisher("mqtt://host:1");
  publisher.attach({ client, connack: { properties } } as unknown as Connection, true);
  return { client, publisher };
}

function order(
  body: string,
  changes: { key?: string; qos?: 0 | 1; signal?: AbortSignal } = {},
): Parameters<Publisher["publish"]>[0] {
  const { key, qos = 1, signal } = changes;
  return {
    publication: { topic: "t", payload: Buffer.from(body), options: { qos } },
    id: body,
    topic: "t",
    key,
    signal,
  };
}

const unknown = { code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true };

describe("the publisher", () => {
  it("tells whether anybody is subscribed", async () => {
    const { client, publisher } = publisherOf();
    const all = ["a", "b"].map((body) => publisher.publish(order(body)));
    client.answer("a");
    client.answer("b", 0x10);
    await expect(Promise.all(all)).resolves.toEqual([
      { id: "a", routed: true },
      { id: "b", routed: false },
    ]);
  });

  it("has no more unconfirmed than the server takes, and sends the rest in order", async () => {
    const { client, publisher } = publisherOf({ receiveMaximum: 2 });
    const all = ["a", "b", "c", "d"].map((body) => publisher.publish(order(body)));
    expect(client.sent).toEqual(["a", "b"]);
    client.answer("a");
    expect(client.sent).toEqual(["a", "b", "c"]);
    client.answer("c");
    client.answer("b");
    client.answer("d");
    await Promise.all(all);
    expect(client.sent).toEqual(["a", "b", "c", "d"]);
  });

  it("rejects with a failed one what was sent behind it under the same key, for core to send again in order", async () => {
    const { client, publisher } = publisherOf({ receiveMaximum: 4 });
    const keys = ["k", "k", "other", "k", "k", "other"];
    const all = Promise.allSettled(keys.map((key, index) => publisher.publish(order(String(index), { key }))));
    client.answer("0");
    client.answer("1", 0x97);
    client.answer("3");
    client.answer("2");
    for (const body of client.sent.slice(4)) client.answer(body);
    const settled = await all;
    expect(settled.map((one) => (one.status === "fulfilled" ? "ok" : (one.reason as { code: string }).code))).toEqual([
      "ok",
      "BUSBAR_CAPACITY",
      "ok",
      "BUSBAR_OUTCOME_UNKNOWN",
      "BUSBAR_OUTCOME_UNKNOWN",
      "ok",
    ]);
  });

  it("rejects only the one that is refused for good", async () => {
    const { client, publisher } = publisherOf();
    const [refused, next] = ["a", "b"].map((body) => publisher.publish(order(body)));
    client.answer("a", 0x87);
    client.answer("b");
    await expect(refused).rejects.toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    await expect(next).resolves.toMatchObject({ id: "b" });
  });

  it("rejects all at once when the connection is lost, and tells what was sent from what was not", async () => {
    const { client, publisher } = publisherOf({ receiveMaximum: 1 });
    const all = ["a", "b"].map((body) => publisher.publish(order(body)));
    const quick = publisher.publish(order("q", { qos: 0 }));
    publisher.detach();
    await expect(all[0]).rejects.toMatchObject(unknown);
    await expect(all[1]).rejects.toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    await expect(quick).rejects.toMatchObject({ code: "BUSBAR_CONNECTION" });
    await expect(publisher.publish(order("c"))).rejects.toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    client.answer("a");
    expect(client.sent).toEqual(["a"]);
  });

  it("holds QoS 0 back while the socket is full, and settles it when that is lost", async () => {
    const { client, publisher } = publisherOf();
    client.stream.writableNeedDrain = true;
    const first = publisher.publish(order("a", { qos: 0 }));
    const second = publisher.publish(order("b", { qos: 0 }));
    expect(client.sent).toEqual(["a"]);
    client.stream.writableNeedDrain = false;
    client.stream.emit("drain");
    await first;
    await second;
    client.stream.writableNeedDrain = true;
    const third = publisher.publish(order("c", { qos: 0 }));
    publisher.detach();
    await expect(third).rejects.toMatchObject(unknown);
  });

  it("does not send what was aborted while it waited", async () => {
    const { client, publisher } = publisherOf({ receiveMaximum: 1 });
    const caller = new AbortController();
    const first = publisher.publish(order("a"));
    const second = publisher.publish(order("b", { signal: caller.signal }));
    const third = publisher.publish(order("c"));
    caller.abort(new Error("changed my mind"));
    await expect(second).rejects.toThrow("changed my mind");
    client.answer("a");
    client.answer("c");
    await Promise.all([first, third]);
    expect(client.sent).toEqual(["a", "c"]);
  });
});

const brokers = new Brokers(mosquittoUrl);
let proxy: TcpProxy;
beforeEach(async () => {
  if (mosquittoUrl !== "") proxy = await TcpProxy.open({ port: Number(new URL(mosquittoUrl).port) });
});
afterEach(async () => {
  await brokers.close();
  await proxy?.close();
});

describeOnMosquitto("the publishing connection", () => {
  it("sends nothing again by itself after a cut", async () => {
    const bus = await brokers.open({ url: `mqtt://127.0.0.1:${proxy.port}` });
    const outside = await brokers.open();
    const topic = unique();
    const inbox = acknowledging();
    await outside.subscribe(request(topic), inbox.sink);
    // The server's answers do not come through: sent, and not confirmed.
    proxy.freeze("answers");
    const hanging = Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => bus.publish(outbound(topic, String(index)))),
    );
    await inbox.received(50);
    const back = status(bus, "connected");
    const began = performance.now();
    proxy.cut();
    const settled = await hanging;
    expect(performance.now() - began).toBeLessThan(1000);
    expect(settled.map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : "ok"))).toEqual(
      Array.from({ length: 50 }, () => "BUSBAR_OUTCOME_UNKNOWN"),
    );
    await back;
    await expect(bus.publish(outbound(topic, "after"))).resolves.toMatchObject({ routed: true });
    await inbox.received(51);
    expect(inbox.texts.slice(50)).toEqual(["after"]);
  });

  it("rejects at once while there is none", async () => {
    const bus = await brokers.open({ url: `mqtt://127.0.0.1:${proxy.port}` });
    expect(() => brokers.make().native).toThrow(expect.objectContaining({ code: "BUSBAR_CONNECTION" }));
    const lost = status(bus, "disconnected");
    proxy.refuse();
    proxy.cut();
    await lost;
    await expect(bus.publish(outbound("a"))).rejects.toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
  });

  it("is flushed by close", async () => {
    const bus = await brokers.open();
    const outside = await brokers.open();
    const topic = unique();
    const inbox = acknowledging();
    await outside.subscribe(request(topic), inbox.sink);
    const all = Array.from({ length: 500 }, (_, index) => bus.publish(outbound(topic, String(index))));
    await bus.close();
    await Promise.all(all);
    await inbox.received(500);
    await expect(bus.publish(outbound(topic))).rejects.toMatchObject({ code: "BUSBAR_CLOSED" });
    await expect(bus.open()).rejects.toMatchObject({ code: "BUSBAR_CLOSED" });
    await expect(bus.subscribe(request(topic), () => {})).rejects.toMatchObject({ code: "BUSBAR_CLOSED" });
  });

  it("closes within a few seconds though the server does not answer any more", async () => {
    const bus = await brokers.open({ url: `mqtt://127.0.0.1:${proxy.port}` });
    await bus.subscribe(request(unique()), () => {});
    const { stream } = bus.native;
    proxy.freeze("everything");
    const hanging = bus.publish(outbound("a"));
    const began = performance.now();
    await Promise.all([bus.close(), expect(hanging).rejects.toMatchObject(unknown)]);
    expect(performance.now() - began).toBeLessThan(4000);
    expect(stream.destroyed).toBe(true);
  });
});
