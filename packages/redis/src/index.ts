/** Redis Streams for the bus: `redis(options)`, or `adapter` for a configuration that names this package. */
export { redis, adapter } from "./redis.ts";
export { RedisBroker } from "./redis-broker.ts";
export type { RedisNativeClient } from "./redis-broker.ts";
export type { RedisCapabilities } from "./capabilities.ts";
export type { RedisNativeOptions, RedisOptions } from "./options.ts";
