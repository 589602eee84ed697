import { brokerModule } from "@busbar/core/di";
import type { ContainerModule } from "inversify";
import { amqp } from "./index.ts";
import type { AmqpOptions } from "./index.ts";

/**
 * Binds RabbitMQ to an inversify container, for the bus of that container: `container.load(amqpModule({ url: "amqp://127.0.0.1:5672" }),
 * busModule())`. Nothing is opened yet.
 *
 * @param name Of the broker, as routes, options and `BROKER` say it.
 * @throws ConfigError that lists everything wrong with the options.
 */
export function amqpModule(options: AmqpOptions, name = "main"): ContainerModule {
  return brokerModule(amqp(options), name);
}
