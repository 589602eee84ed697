import { Bus } from "@busbar/core";
import type { BusSettings } from "@busbar/core";
import type { Broker } from "@busbar/core/contract";

const silent = (): void => undefined;

/** Opens a bus over one broker, as one process of a service, with nothing else configured and nothing printed. */
export async function openBus(
  broker: Broker,
  service: string,
  instance: string,
  connectTimeoutMs: number,
  start: "foreground" | "background" = "foreground",
): Promise<Bus> {
  const settings: BusSettings = {
    service,
    instance,
    instanceGiven: true,
    production: false,
    brokers: [
      { name: "main", load: () => Promise.resolve(broker), folds: [], publish: { maxInFlight: 512, overflow: "wait" } },
    ],
    routes: [],
    policies: [],
    codecs: [],
    start,
    connectTimeoutMs,
    logger: { info: silent, warn: silent, error: silent },
  };
  const bus = new Bus(settings);
  await bus.open();
  return bus;
}
