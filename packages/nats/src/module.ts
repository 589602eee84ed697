import { brokerModule } from "@busbar/core/di";
import type { ContainerModule } from "inversify";
import { nats } from "./index.ts";
import type { NatsOptions } from "./index.ts";

/**
 * Binds NATS to an inversify container, for the bus of that container: `container.load(natsModule({ url: "nats://127.0.0.1:4222" }),
 * busModule())`. Nothing is opened yet.
 *
 * @param name Of the broker, as routes, options and `BROKER` say it.
 * @throws ConfigError that lists everything wrong with the options.
 */
export function natsModule(options: NatsOptions, name = "main"): ContainerModule {
  return brokerModule(nats(options), name);
}
