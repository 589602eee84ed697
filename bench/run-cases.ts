import type { Case, CaseResult } from "./case.ts";
import { titleOf } from "./case.ts";
import type { Assignment, Sample } from "./measurement.ts";

/** How long and how often things are measured. */
export interface Effort {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** The setting in which everything is measured that is not about another one. */
const usual = { payloadBytes: 256, keys: 0, concurrency: 0, subscriptions: 1, rate: 0 } as const;

/** What a run of cases needs from outside. */
export interface RunContext extends Effort {
  readonly url: string;
  readonly signal: AbortSignal;
  /** Does one measurement. */
  readonly measure: (assignment: Assignment, signal: AbortSignal) => Promise<Sample>;
  /** Told of each sample. */
  readonly onSample: (of: Case, client: string, round: number, sample: Sample) => void;
}

let count = 0;

/**
 * Runs a case: the clients take turns, A B C A B C, so that what the machine does meanwhile happens to all of them. A client that fails is not
 * tried again, and its case has a problem. Rejects only when it is stopped.
 */
export async function runCase(of: Case, context: RunContext): Promise<CaseResult> {
  const { rounds, warmUpMs, measureMs, signal, url } = context;
  const samples: Record<string, Sample[]> = {};
  const problems: string[] = [];
  const broken = new Set<string>();
  for (let round = 1; round <= rounds; round++) {
    for (const client of of.clients) {
      signal.throwIfAborted();
      if (broken.has(client)) continue;
      const { workload, on, delivery } = of;
      const name = `b${process.pid}x${++count}`;
      const plan = { workload, on, url, client, delivery, name, warmUpMs, measureMs };
      try {
        const sample = await context.measure({ ...usual, ...plan, ...of.setting }, signal);
        (samples[client] ??= []).push(sample);
        context.onSample(of, client, round, sample);
      } catch (error) {
        signal.throwIfAborted();
        broken.add(client);
        problems.push(`${titleOf(of)}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return { case: of, samples, problems };
}
