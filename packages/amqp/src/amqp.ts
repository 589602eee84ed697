import type { Adapter } from "@busbar/core/contract";
import { AmqpBroker } from "./amqp-broker.ts";
import { amqpCapabilities } from "./capabilities.ts";
import type { AmqpOptions } from "./options.ts";

/** Makes a broker that speaks to RabbitMQ; nothing is connected until `open`. Throws a `ConfigError` for options that are wrong. */
export function amqp(options: AmqpOptions): AmqpBroker {
  return new AmqpBroker(options);
}

/** What a configuration finds when it names this package, or has a URL of its schemes. */
export const adapter: Adapter = {
  name: "amqp",
  schemes: ["amqp", "amqps"],
  declared: amqpCapabilities,
  create: (options) => new AmqpBroker(options),
};
