import type { Adapter } from "@busbar/core/contract";
import { natsCapabilities } from "./capabilities.ts";
import { NatsBroker } from "./nats-broker.ts";
import type { NatsOptions } from "./options.ts";

export { NatsBroker } from "./nats-broker.ts";
export type { NatsNativeClient } from "./nats-broker.ts";
export type { NatsNativeOptions, NatsOptions } from "./options.ts";

/**
 * Makes a driver for NATS, not yet connected. Throws a `ConfigError` that lists every problem of the options, which it never
 * changes.
 */
export function nats(options: NatsOptions): NatsBroker {
  return new NatsBroker(options);
}

/** The driver for NATS, as a configuration finds it: `nats:` URLs, and `natss:` with encryption required. */
export const adapter: Adapter = {
  name: "nats",
  schemes: ["nats", "natss"],
  declared: natsCapabilities,
  create: (options) => new NatsBroker(options),
};
