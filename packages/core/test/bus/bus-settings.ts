import type { BusSettings } from "../../src/index.ts";
import type { Broker } from "../../src/contract/index.ts";

/** The settings of a bus on one broker, called `main`. */
export function settingsOn(broker: Broker, more: Partial<BusSettings> = {}): BusSettings {
  return {
    service: "test",
    instance: "one",
    instanceGiven: true,
    production: false,
    brokers: brokersOf(broker),
    routes: [],
    policies: [],
    codecs: [],
    start: "foreground",
    connectTimeoutMs: 1_000,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    ...more,
  };
}

/** This broker alone, called `main`. */
export function brokersOf(broker: Broker, folds: BusSettings["brokers"][number]["folds"] = []): BusSettings["brokers"] {
  return [
    {
      name: "main",
      load: () => Promise.resolve(broker),
      folds,
      publish: { maxInFlight: 512, overflow: "wait" },
    },
  ];
}
