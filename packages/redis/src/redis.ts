import type { Adapter } from "@busbar/core/contract";
import { redisCapabilities } from "./capabilities.ts";
import type { RedisOptions } from "./options.ts";
import { RedisBroker } from "./redis-broker.ts";

/** Makes a broker that speaks to Redis; nothing is connected until `open`. Throws a `ConfigError` for options that are wrong. */
export function redis(options: RedisOptions): RedisBroker {
  return new RedisBroker(options);
}

/** What a configuration finds when it names this package, or has a URL of its schemes. */
export const adapter: Adapter = {
  name: "redis",
  schemes: ["redis", "rediss"],
  declared: redisCapabilities,
  create: (options) => new RedisBroker(options),
};
