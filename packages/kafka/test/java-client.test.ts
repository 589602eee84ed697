import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { kafka } from "../src/index.ts";
import type { Compression, KafkaBroker } from "../src/index.ts";
import { brokerUrl } from "./broker-url.ts";
import { bodies, clients, collect, record, rejection, request, unique } from "./fixtures.ts";
import { JavaClient } from "./java-client/java-client.ts";

const found = brokerUrl === undefined ? undefined : await JavaClient.find();
const server = new URL(brokerUrl ?? "kafka://127.0.0.1:1").host;
const compressions: readonly Compression[] = ["none", "gzip", "snappy", "lz4", "zstd"];

// Each starts a Java of its own.
vi.setConfig({ testTimeout: 120_000 });

describe.skipIf(found === undefined).each(clients)("Java's client beside %s", (client) => {
  const java = found as JavaClient;
  const brokers = new Map<Compression, KafkaBroker>();
  const brokerOf = (compression: Compression) => brokers.get(compression) as KafkaBroker;

  beforeAll(async () => {
    java.compile();
    for (const compression of compressions) {
      const topicConfig = { "max.message.bytes": "20000" };
      const broker = kafka({ url: brokerUrl ?? "", native: { client, compression, topicConfig, partitions: 7 } });
      brokers.set(compression, broker);
      await broker.open();
    }
  });
  afterAll(async () => {
    await Promise.all([...brokers.values()].map((broker) => broker.close()));
    java.remove();
  });

  it("chooses the same partition for a key", async () => {
    const topic = unique("java.partition");
    const broker = brokerOf("none");
    const keys = ["", "k", "21", "foobar", "a-little-bit-long-string", "Grüße", "鍵", "🔑", ...Array(40).keys()].map(
      String,
    );
    const receipts = await Promise.all(keys.map((key) => broker.publish(record(topic, "", { key }))));
    const ours = receipts.map(({ position = "" }) => Number(position.split("/")[1]));
    const records = keys.map((key) => ({ key: Buffer.from(key), value: Buffer.alloc(0) }));
    expect(await java.produce(server, topic, "none", records)).toEqual(ours);
    expect(new Set(ours).size).toBe(7);
  });

  it.each(compressions)("reads what the bus compressed by %s", async (compression) => {
    const topic = unique("java.reads");
    const texts = ["", "x".repeat(15_000), randomBytes(6_000).toString("hex"), ...Array.from(Array(50).keys(), String)];
    await Promise.all(texts.map((text) => brokerOf(compression).publish(record(topic, text, { key: "k" }))));
    const read = await java.consume(server, topic, texts.length);
    expect(read.map(({ value }) => value.toString())).toEqual(texts);
    // And what is small after that is not too large, which it would be as it is.
    const large = brokerOf(compression).publish(record(topic, "x".repeat(100_000)));
    if (compression === "none") expect(await rejection(large)).toMatchObject({ code: "BUSBAR_TOO_LARGE" });
    else expect((await large).position).toBeDefined();
    const random = brokerOf(compression).publish(record(topic, randomBytes(60_000)));
    expect(await rejection(random)).toMatchObject({ code: "BUSBAR_TOO_LARGE", retryable: false });
  });

  it.each(compressions)("writes what the bus reads, compressed by %s", async (compression) => {
    const topic = unique("java.writes");
    // More than one block of snappy's and lz4's frames.
    const texts = ["", "x".repeat(15_000), ...Array.from(Array(50).keys(), (index) => `${index} `.repeat(3_000))];
    const broker = kafka({ url: brokerUrl ?? "", native: { client, partitions: 2 } });
    await broker.open();
    const { inbox, subscriber } = await collect(broker, request(topic));
    const key = Buffer.from("k");
    await java.produce(
      server,
      topic,
      compression,
      texts.map((text) => ({ key, value: Buffer.from(text) })),
    );
    expect(bodies(await inbox.count(texts.length))).toEqual(texts);
    await subscriber.remove();
    await broker.close();
  });
});
