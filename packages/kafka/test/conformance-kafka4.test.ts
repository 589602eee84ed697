import { onKafka4 } from "./on-kafka4.ts";

await onKafka4("kafkajs");
