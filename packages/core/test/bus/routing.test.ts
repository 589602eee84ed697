import { describe, expect, it } from "vitest";
import { Routing, topicOf } from "../../src/bus/routing.ts";
import type { BrokerSettings, BusSettings, Fold } from "../../src/bus/settings.ts";
import { parseFilter } from "../../src/topic/grammar.ts";

function routing(routes: Record<string, string>, folds: Record<string, Record<string, string>> = {}): Routing {
  const broker = (name: string): BrokerSettings => ({
    name,
    load: () => Promise.reject(new Error("not used")),
    folds: Object.entries(folds[name] ?? {}).map(([pattern, target]): Fold => ({
      pattern: parseFilter(pattern),
      target,
    })),
    publish: { maxInFlight: 1, overflow: "wait" },
  });
  return new Routing({
    brokers: ["edge", "log"].map(broker),
    routes: Object.entries(routes).map(([pattern, name]) => ({ pattern: parseFilter(pattern), broker: name })),
  } as unknown as BusSettings);
}

function sources(of: Routing, filter: string): string[] {
  return of.sourcesOf(parseFilter(filter), undefined).map((source) => `${source.broker}:${source.filter}`);
}

describe("routing", () => {
  it("publishes by the first route that fits, and the rest to the first broker", () => {
    const routes = routing({ "audit.**": "log", "audit.login": "edge" });
    expect(routes.brokerOf("audit.login", undefined).name).toBe("log");
    expect(routes.brokerOf("sensor.a", undefined).name).toBe("edge");
    expect(routes.brokerOf("sensor.a", "log").name).toBe("log");
    expect(() => routes.brokerOf("sensor.a", "logs")).toThrow(
      'There is no broker "logs" in the configuration; there are "edge", "log".',
    );
  });

  it("subscribes on every broker whose routes meet the filter", () => {
    const routes = routing({ "audit.**": "log" });
    expect(sources(routes, "audit.login")).toEqual(["log:audit.login"]);
    expect(sources(routes, "**")).toEqual(["log:**", "edge:**"]);
    expect(sources(routes, "sensor.*")).toEqual(["edge:sensor.*"]);
  });

  it("subscribes to a fold's target in place of what the fold takes", () => {
    const folded = routing({}, { edge: { "sensor.**": "sensors" } });
    expect(folded.addressOf("sensor.a.b", folded.named("edge"))).toBe("sensors");
    expect(folded.addressOf("sensor", folded.named("edge"))).toBe("sensor");
    expect(sources(folded, "sensor.a")).toEqual(["edge:sensors"]);
    expect(sources(folded, "*.kitchen")).toEqual(["edge:*.kitchen", "edge:sensors"]);
    expect(sources(folded, "other.*")).toEqual(["edge:other.*"]);
  });

  it("never reads a fold's target twice", () => {
    const folded = routing({}, { edge: { "sensor.**": "all", "meter.**": "all" } });
    expect(sources(folded, "**")).toEqual(["edge:**"]);
    expect(sources(folded, "*.kitchen")).toEqual(["edge:*.kitchen", "edge:all"]);
  });

  it("takes the topic that a record says, else what topicFrom makes, else where it was read", () => {
    const folds: Fold[] = [
      {
        pattern: parseFilter("sensor.**"),
        target: "sensors",
        topicFrom: ({ key }) => (key === undefined ? undefined : `sensor.${key}`),
      },
    ];
    const record = { address: "sensors", body: new Uint8Array(), headers: {} };
    expect(topicOf({ ...record, topic: "sensor.x" }, folds)).toBe("sensor.x");
    expect(topicOf({ ...record, key: "k" }, folds)).toBe("sensor.k");
    expect(topicOf(record, folds)).toBeUndefined();
    expect(topicOf({ ...record, address: "other" }, folds)).toBe("other");
  });
});
