import { Bus } from "../bus/bus.ts";
import type { BusConfig } from "./bus-config.ts";
import { loadSettings } from "./load-settings.ts";

/**
 * Makes a bus and opens it. Without an argument the configuration is the file in `BUSBAR_CONFIG`, else the broker in
 * `BUSBAR_URL`, else `./busbar.yaml`, else the broker in memory with a warning (in production: an error).
 *
 * Rejects with a `ConfigError` that lists every problem of the configuration; not retryable where a broker refuses
 * (wrong password); and retryable after `connectTimeoutMs` (10 s) where one cannot be reached. With `start:
 * "background"` it resolves without waiting for the brokers.
 *
 * @param config An object, a broker's URL, or the name (or file URL) of a YAML or JSON file.
 */
export async function connect(config?: BusConfig | string | URL): Promise<Bus> {
  const bus = createBus(config);
  try {
    await bus.open();
  } catch (error) {
    // Nobody else could: some brokers may be open.
    await bus.close({ deadlineMs: 0 });
    throw error;
  }
  return bus;
}

/**
 * Makes the same bus as `connect`, not yet opened: call `open()`. Files are read and everything is checked here;
 * adapters are loaded by `open`. Throws a `ConfigError` that lists every problem of the configuration.
 */
export function createBus(config?: BusConfig | string | URL): Bus {
  return new Bus(loadSettings(config));
}
