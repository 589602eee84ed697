import type { Adapter } from "@busbar/core/contract";
import type { Kafka } from "kafkajs";
import { declared } from "./capabilities.ts";
import { KafkaBroker } from "./kafka-broker.ts";
import type { KafkaOptions } from "./options.ts";
import { collisions } from "./topic.ts";

export { KafkaBroker } from "./kafka-broker.ts";
export type { PartitionOffset } from "./client.ts";
export type { ReplayRequest } from "./replay.ts";
export type { TransactionMessage } from "./transactions.ts";
export type { KafkaCapabilities } from "./capabilities.ts";
export type { Compression } from "./compression.ts";
export type { KafkaClientName, KafkaNative, KafkaOptions, SaslMechanism } from "./options.ts";

/**
 * What `bus.native()` gives on Kafka: a `Kafka` object of kafkajs with the settings of the bus, connected to nothing by itself. With
 * `client: "platformatic"` it is that library, `typeof import("@platformatic/kafka")`.
 */
export type KafkaNativeClient = Kafka;

/** Options that leave kafkajs to speak to Kafka. */
export type KafkajsOptions = KafkaOptions & { readonly native?: { readonly client?: "kafkajs" } };

/**
 * Makes a broker of the bus from an Apache Kafka cluster, not connected yet. Throws a `ConfigError` that lists every problem.
 *
 * @example kafka({ url: "kafka://127.0.0.1:9092" })
 */
export function kafka(options: KafkajsOptions): KafkaBroker<KafkaNativeClient>;
export function kafka(options: KafkaOptions): KafkaBroker;
export function kafka(options: KafkaOptions): KafkaBroker {
  return new KafkaBroker(options);
}

/** This package as a configuration names it. */
export const adapter: Adapter = {
  name: "kafka",
  schemes: ["kafka", "kafkas"],
  declared,
  // Every key and value is checked by the constructor.
  create: (options) => new KafkaBroker(options),
  topicProblems: collisions,
};
