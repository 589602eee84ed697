import { apacheKafka } from "../apache-kafka.mjs";

/**
 * Apache Kafka 4.1 as a single node that is its own controller.
 */
export const kafka4 = apacheKafka({ name: "kafka4", version: "4.1.1", javaMajor: 17 });
