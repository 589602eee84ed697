import { connect } from "@busbar/core";
import { TcpProxy } from "@busbar/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { written } from "../../../integration/support/cut-calls.ts";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { behindProxy } from "../../../tools/conformance/behind-proxy.mjs";
import { kafka } from "../src/index.ts";
import { brokerUrl, serverKind } from "./broker-url.ts";
import { bodies, clients, collect, record, request, unique } from "./fixtures.ts";

const possible = brokerUrl !== undefined && (await canStartInstance(serverKind));

describe.skipIf(!possible)("a producer whose connection is lost before it is told what was written", () => {
  let instance: Awaited<ReturnType<typeof startInstance>>;
  let proxy: TcpProxy;

  beforeAll(async () => {
    instance = await startInstance(serverKind, { label: "idempotence", ...behindProxy });
    const { proxied, proxy: port } = instance.ports as { readonly proxied: number; readonly proxy: number };
    proxy = await TcpProxy.open({ port: proxied }, port);
  });
  afterAll(async () => {
    await proxy?.close();
    await instance?.destroy();
  });

  /** Everything that is in the log, by partition and in order. */
  const logOf = async (topic: string, count: number): Promise<string[]> => {
    const reader = kafka({ url: instance.url });
    await reader.open();
    const { inbox, subscriber } = await collect(reader, request(topic, { startFrom: "earliest" }));
    // The last message of each partition; what was written twice comes before it.
    const ends = Array.from(Array(20).keys(), (key) => reader.publish(record(topic, "end", { key: String(key) })));
    await Promise.all(ends);
    await inbox.until((items) => bodies(items).filter((text) => text === "end").length === 20);
    await subscriber.remove();
    await reader.close();
    const texts = bodies(inbox.items).filter((text) => text !== "end");
    expect(texts.length).toBeGreaterThanOrEqual(count);
    return texts;
  };

  it.each(
    clients.flatMap((client) => [
      [`writes twice what it has to send again, as it is (${client})`, client, false, 80] as const,
      [`writes it once where it is idempotent (${client})`, client, true, 60] as const,
    ]),
  )("%s", { timeout: 60_000 }, async (_, client, idempotent, expected) => {
    const url = `kafka://127.0.0.1:${proxy.port}`;
    const native = { client, idempotent, partitions: 3, requestTimeoutMs: 3_000 } as const;
    const bus = await connect({ service: "tests", brokers: { main: kafka({ url, native }) } });
    const topic = unique("idempotent");
    const publish = (index: number) => bus.publish(topic, index, { key: String(index % 7) });
    await Promise.all(Array.from(Array(20).keys(), publish));
    proxy.freeze("answers");
    const sent = Array.from(Array(20).keys(), (index) => publish(index + 20));
    await written();
    // What arrived is written without anybody being told.
    await untilLogHolds(instance.url, topic, 40);
    proxy.cut();
    const receipts = await Promise.all(sent);
    expect(receipts.every(({ position }) => /\/\d\/\d+$/.test(position ?? ""))).toBe(true);
    await Promise.all(Array.from(Array(20).keys(), (index) => publish(index + 40)));
    await bus.close();
    const texts = await logOf(topic, 60);
    expect(texts).toHaveLength(expected);
    expect(new Set(texts).size).toBe(60);
    for (const key of Array(7).keys()) {
      const ofKey = texts.map(Number).filter((index) => index % 7 === key);
      if (idempotent) expect(ofKey).toEqual([...ofKey].sort((one, other) => one - other));
    }
  });
});

async function untilLogHolds(url: string, topic: string, count: number): Promise<void> {
  const reader = kafka({ url });
  await reader.open();
  const { inbox, subscriber } = await collect(reader, request(topic, { startFrom: "earliest" }));
  await inbox.count(count);
  await subscriber.remove();
  await reader.close();
}
