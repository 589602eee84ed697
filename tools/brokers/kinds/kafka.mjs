import { apacheKafka } from "../apache-kafka.mjs";

/**
 * Apache Kafka 3.9.1 as a single node that is its own controller.
 */
export const kafka = apacheKafka({ name: "kafka", version: "3.9.1", javaMajor: 11 });
