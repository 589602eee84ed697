import type { SubscriptionDeclaration } from "../bus/bus.ts";
import type { UnmetNeed } from "../errors.ts";
import type { BusConfig } from "./bus-config.ts";
import { createBus } from "./connect.ts";

/**
 * Tells which needs of an application the brokers of a configuration do not meet, all in one list, without talking to any broker: by
 * what the adapters declare, so a server may still do less. An empty list means that the application can move there.
 *
 * Rejects with a `ConfigError` for a wrong configuration or an adapter that is not installed, with an `InvalidArgumentError` for a malformed declaration.
 */
export function checkPortability(
  config: BusConfig | string | URL | undefined,
  declarations: readonly SubscriptionDeclaration[],
): Promise<readonly UnmetNeed[]> {
  return createBus(config).unmetNeeds(declarations);
}
