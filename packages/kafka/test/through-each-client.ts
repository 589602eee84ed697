import type { Receipt } from "@busbar/core/contract";
import kafkajs from "kafkajs";
import type { Kafka, Producer } from "kafkajs";
import { afterAll, beforeAll, describe } from "vitest";
import { kafka } from "../src/index.ts";
import type { KafkaBroker, KafkaNative } from "../src/index.ts";
import { brokerUrl } from "./broker-url.ts";
import { clients, record } from "./fixtures.ts";

/** Where the cluster is; only to be used in tests that are skipped without one. */
export const url: string = brokerUrl ?? "kafka://127.0.0.1:1";

/** What a suite has to try one client with. */
export interface Scene {
  readonly client: (typeof clients)[number];
  /** Settings under which things happen soon. */
  readonly native: KafkaNative;
  /** Makes another broker, not open, with these settings over those. */
  readonly make: (more?: KafkaNative) => KafkaBroker;
  /** A broker that is open. */
  readonly broker: KafkaBroker;
  /** Somebody else's client. */
  readonly plain: Kafka;
  /** Somebody else's producer, connected. */
  readonly producer: Producer;
  /** Publishes all of them at once, with a key for each where one is given. */
  readonly publishAll: (
    topic: string,
    texts: readonly string[],
    key?: (text: string) => string,
  ) => Promise<readonly Receipt[]>;
  /** The places that a group has committed, by topic and partition. */
  readonly committed: (group: string) => Promise<ReadonlyMap<string, number>>;
}

/** Describes the same promises once for each client; skipped where there is no cluster. */
export function throughEachClient(what: string, suite: (scene: Scene) => void): void {
  describe.skipIf(brokerUrl === undefined).each(clients)(`${what}, through %s`, (client) => {
    const scene = sceneOf(client);
    const { broker, producer } = scene;

    beforeAll(async () => {
      await Promise.all([broker.open(), producer.connect()]);
    });

    afterAll(async () => {
      await Promise.all([broker.close(), producer.disconnect()]);
    });

    suite(scene);
  });
}

function sceneOf(client: Scene["client"]): Scene {
  const native: KafkaNative = {
    client,
    heartbeatIntervalMs: 200,
    fetchWaitMs: 100,
    topicPollMs: 300,
    partitions: 3,
    revokeWaitMs: 2_000,
  };
  const make = (more: KafkaNative = {}): KafkaBroker => kafka({ url, native: { ...native, ...more } });
  const broker = make();
  const plain = new kafkajs.Kafka({ brokers: [new URL(url).host], logLevel: kafkajs.logLevel.NOTHING });
  const producer = plain.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  return {
    client,
    native,
    make,
    broker,
    plain,
    producer,
    publishAll: (topic, texts, key) =>
      Promise.all(
        texts.map((text) => broker.publish(record(topic, text, key === undefined ? {} : { key: key(text) }))),
      ),
    committed: async (group) => {
      const admin = plain.admin();
      await admin.connect();
      const offsets = await admin.fetchOffsets({ groupId: group });
      await admin.disconnect();
      return new Map(
        offsets.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, offset }) => [`${topic}:${partition}`, Number(offset)] as const),
        ),
      );
    },
  };
}
