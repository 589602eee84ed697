import { Bus } from "@busbar/core";
import type { BusSettings, PublishSettings } from "@busbar/core";
import type { Broker } from "@busbar/core/contract";

const silent = (): void => undefined;

/** What a law can configure of a bus. */
export interface BusOptions {
  /** With `background` the broker may be away. @default "foreground" */
  readonly start?: "foreground" | "background";
  /** The publisher's window. @default that of a configuration which says nothing of it */
  readonly publish?: PublishSettings;
}

/** Opens a bus over one broker, as one process of a service, with nothing else configured and nothing printed. */
export async function openBus(
  broker: Broker,
  service: string,
  instance: string,
  connectTimeoutMs: number,
  { start = "foreground", publish = { maxInFlight: 512, overflow: "wait" } }: BusOptions = {},
): Promise<Bus> {
  const settings: BusSettings = {
    service,
    instance,
    instanceGiven: true,
    production: false,
    brokers: [{ name: "main", load: () => Promise.resolve(broker), folds: [], publish }],
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
