import type { Case, CaseResult } from "../case.ts";
import type { Sample } from "../measurement.ts";

/** A result with these messages a second, by client and round. */
export function resultOf(
  rates: Readonly<Record<string, readonly number[]>>,
  of: Partial<Case> = {},
  problems: readonly string[] = [],
): CaseResult {
  return {
    case: {
      section: "end-to-end",
      on: "nats",
      workload: "end-to-end",
      delivery: "at-least-once",
      clients: Object.keys(rates),
      ...of,
    },
    samples: Object.fromEntries(Object.entries(rates).map(([client, each]) => [client, each.map(sampleOf)])),
    problems,
  };
}

/** A sample with this rate; every message took the time of one. */
export function sampleOf(perSecond: number): Sample {
  return {
    messages: perSecond,
    seconds: 1,
    perSecond,
    cpuMicros: 1_000_000 / perSecond,
    allocatedBytes: 2048,
    duplicates: 0,
    loopDelay: { p50: 1, p99: 4, max: 9 },
    latency: { p50: 1, p99: 2, p999: 3, max: 4 },
  };
}
