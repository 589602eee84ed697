import { brokerModule } from "@busbar/core/di";
import type { ContainerModule } from "inversify";
import { redis } from "./index.ts";
import type { RedisOptions } from "./index.ts";

/**
 * Binds Redis to an inversify container, for the bus of that container: `container.load(redisModule({ url: "redis://127.0.0.1:6379" }),
 * busModule())`. Nothing is opened yet.
 *
 * @param name Of the broker, as routes, options and `BROKER` say it.
 * @throws ConfigError that lists everything wrong with the options.
 */
export function redisModule(options: RedisOptions, name = "main"): ContainerModule {
  return brokerModule(redis(options), name);
}
