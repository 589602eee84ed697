import { brokerModule } from "@busbar/core/di";
import type { ContainerModule } from "inversify";
import { kafka } from "./index.ts";
import type { KafkaOptions } from "./index.ts";

/**
 * Binds Kafka to an inversify container, for the bus of that container: `container.load(kafkaModule({ url: "kafka://127.0.0.1:9092" }),
 * busModule())`. Nothing is opened yet.
 *
 * @param name Of the broker, as routes, options and `BROKER` say it.
 * @throws ConfigError that lists everything wrong with the options.
 */
export function kafkaModule(options: KafkaOptions, name = "main"): ContainerModule {
  return brokerModule(kafka(options), name);
}
