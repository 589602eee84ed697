import { availableParallelism, cpus } from "node:os";
import { startBroker } from "./bench-broker.ts";
import type { Case, CaseResult } from "./case.ts";
import { runCase } from "./run-cases.ts";
import type { Effort } from "./run-cases.ts";
import { Progress } from "./progress.ts";
import type { Machine, Run } from "./run.ts";
import { startMeasuring } from "./start-measuring.ts";

/** What is to be run. */
export interface RunOrder extends Effort {
  readonly cases: readonly Case[];
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * Runs all cases, broker after broker, each broker started for it and destroyed. Resolves to what was found; a broker or a client that failed
 * is a problem of its cases. When it is stopped it resolves to what there is by then. Nothing that was started is left.
 */
export async function runAll({ cases, quick, signal, log, ...effort }: RunOrder): Promise<Run> {
  const results: CaseResult[] = [];
  const brokers: Record<string, string> = {};
  const progress = new Progress(cases, effort.rounds, log);
  const context = { ...effort, signal, start: startMeasuring, onSample: progress.tell };
  for (const on of new Set(cases.map((each) => each.on))) {
    if (signal.aborted) break;
    const own = cases.filter((each) => each.on === on);
    try {
      if (on === "memory") {
        for (const each of own) results.push(await runCase(each, { ...context, url: "memory:" }));
        continue;
      }
      const broker = await startBroker(on, log);
      try {
        brokers[on] = `${broker.name} ${broker.version ?? "of unknown version"}`;
        for (const each of own) results.push(await runCase(each, { ...context, url: broker.url }));
      } finally {
        await broker.destroy();
      }
    } catch (error) {
      if (signal.aborted) break;
      const problem = `${on}: ${error instanceof Error ? error.message : String(error)}`;
      for (const each of own) {
        if (!results.some((result) => result.case === each))
          results.push({ case: each, samples: {}, problems: [problem] });
      }
    }
  }
  const date = new Date().toISOString().slice(0, 10);
  return { date, machine: thisMachine(), brokers, effort, quick, results };
}

function thisMachine(): Machine {
  const processor = cpus()[0]?.model.trim() ?? "unknown processor";
  return { processor, cores: availableParallelism(), node: process.versions.node };
}
