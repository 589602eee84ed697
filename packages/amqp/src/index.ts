/** RabbitMQ for the bus: `amqp(options)`, or `adapter` for a configuration that names this package. */
export { amqp, adapter } from "./amqp.ts";
export { AmqpBroker } from "./amqp-broker.ts";
export type { AmqpNativeClient } from "./amqp-broker.ts";
export type { AmqpCapabilities } from "./capabilities.ts";
export type { AdoptedQueueOptions, AmqpNativeOptions, ExchangeType, StreamOptions } from "./native-options.ts";
export type { AmqpOptions } from "./options.ts";
