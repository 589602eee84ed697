import kafkajs from "kafkajs";
import type { Kafka, KafkaConfig, Message } from "kafkajs";
import { contentType, newId } from "./same-wire.ts";

const { logLevel } = kafkajs;

/** As many partitions as a topic of the bus has. */
const partitions = 6;

export function kafkaAt(url: string, options: Partial<KafkaConfig> = {}): Kafka {
  return new kafkajs.Kafka({
    ...options,
    clientId: "bench",
    brokers: [url.replace(/^kafka:\/\//, "").replace(/\/$/, "")],
    logLevel: logLevel.NOTHING,
    // Given, because the client's own depend on NODE_ENV.
    retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 1000 },
  });
}

export async function makeTopics(kafka: Kafka, topics: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: topics.map((topic) => ({ topic, numPartitions: partitions })),
    waitForLeaders: true,
  });
  await admin.disconnect();
}

export async function removeTopics(kafka: Kafka, topics: readonly string[], groups: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  if (groups.length > 0) await admin.deleteGroups([...groups]);
  if (topics.length > 0) await admin.deleteTopics({ topics: [...topics] });
  await admin.disconnect();
}

/** The record that everybody publishes. */
export function recordOf(value: Buffer | string, key: string | undefined): Message {
  return {
    key: key ?? null,
    value,
    headers: { "content-type": contentType, "busbar-id": newId() },
    timestamp: String(Date.now()),
  };
}

/** Resolves when the consumer is a member of its group. */
export function joined(consumer: ReturnType<Kafka["consumer"]>): Promise<void> {
  return new Promise((resolve) => consumer.on("consumer.group_join", () => resolve()));
}
