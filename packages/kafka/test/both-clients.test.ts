import type { Receipt } from "@busbar/core/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kafka } from "../src/index.ts";
import type { KafkaBroker } from "../src/index.ts";
import { brokerUrl } from "./broker-url.ts";
import { bodies, clients, collect, Inbox, record, request, unique } from "./fixtures.ts";

const url = brokerUrl ?? "kafka://127.0.0.1:1";

describe.skipIf(brokerUrl === undefined)("processes with different clients", () => {
  let brokers: KafkaBroker[];

  beforeAll(async () => {
    brokers = clients.map((client) => kafka({ url, native: { client, partitions: 4, heartbeatIntervalMs: 200 } }));
    await Promise.all(brokers.map((broker) => broker.open()));
  });

  afterAll(async () => {
    await Promise.all(brokers.map((broker) => broker.close()));
  });

  const partitionOf = ({ position = "" }: Receipt): string | undefined => position.split("/")[1];

  it.each(["gzip", "snappy", "lz4", "zstd"] as const)("read what the other compressed by %s", async (compression) => {
    const packing = clients.map((client) => kafka({ url, native: { client, compression } }));
    const text = "again and ".repeat(200_000);
    for (const [index, packer] of packing.entries()) {
      await packer.open();
      const topic = unique("packed");
      const { inbox, subscriber } = await collect(brokers[1 - index] as KafkaBroker, request(topic));
      // As it is, Kafka takes no message of two megabytes.
      await packer.publish(record(topic, text, { key: "k" }));
      await packer.publish(record(topic, "small", { key: "k", delivery: "at-most-once" }));
      const [large, small] = bodies(await inbox.count(2));
      expect([large === text, small]).toEqual([true, "small"]);
      await subscriber.remove();
      await packer.close();
    }
  });

  it.each([0, 1])(
    "share a group, whoever came first (%i), and a key has one partition for both",
    async (first) => {
      const topic = unique("both");
      const [one, other] = [brokers[first], brokers[1 - first]];
      if (one === undefined || other === undefined) throw new Error("there are two");
      const wanted = request(topic);
      const all = new Inbox<string>();
      const join = async (broker: KafkaBroker) => {
        const own = new Inbox<string>();
        const subscriber = await broker.subscribe(wanted, (delivery) => {
          for (const inbox of [own, all]) inbox.add(String(delivery.record.body));
          delivery.settle("ack");
        });
        return { own, subscriber };
      };
      const early = await join(one);
      const late = await join(other);
      // Until both have partitions: a rebalance may be under way still.
      for (let round = 0; late.own.items.length === 0 || early.own.items.length === 0; round++)
        await one.publish(record(topic, `warm-up ${round}`, { key: String(round) }));
      const texts = Array.from({ length: 100 }, (_, index) => String(index));
      const publishAll = (broker: KafkaBroker) =>
        Promise.all(texts.map((text) => broker.publish(record(topic, text, { key: text }))));
      const [first100, second100] = [await publishAll(one), await publishAll(other)];
      expect(first100.map(partitionOf)).toEqual(second100.map(partitionOf));
      await all.until((items) => texts.every((text) => items.filter((item) => item === text).length >= 2));
      await late.subscriber.close();
      const { length } = early.own.items;
      await publishAll(other);
      await early.own.count(length + texts.length);
      await early.subscriber.close();
    },
    60_000,
  );
});
