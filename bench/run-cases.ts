import type { Case, CaseResult } from "./case.ts";
import { titleOf } from "./case.ts";
import type { Assignment, Measuring, Sample } from "./measurement.ts";

/** How long and how often things are measured. */
export interface Effort {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** The setting in which everything is measured that is not about another one. */
const usual = { payloadBytes: 256, keys: 0, concurrency: 0, subscriptions: 1, rate: 0 } as const;

/** Where it takes long to be warm, each client has one process for all rounds. */
const staysWarm: readonly string[] = ["latency"];

/** What a run of cases needs from outside. */
export interface RunContext extends Effort {
  readonly url: string;
  readonly signal: AbortSignal;
  /** Starts a process that measures. */
  readonly start: (assignment: Assignment, signal: AbortSignal) => Measuring;
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
  const running = new Map<string, Measuring>();
  const start = (client: string): Measuring => {
    const { workload, on, delivery } = of;
    const name = `b${process.pid}x${++count}`;
    const plan = { workload, on, url, client, delivery, name, warmUpMs, measureMs };
    const measuring = context.start({ ...usual, ...plan, ...of.setting }, signal);
    running.set(client, measuring);
    return measuring;
  };
  const end = async (client: string): Promise<void> => {
    const measuring = running.get(client);
    running.delete(client);
    await measuring?.end();
  };
  const attempt = async (client: string, work: () => Promise<void>): Promise<void> => {
    signal.throwIfAborted();
    if (broken.has(client)) return;
    try {
      await work();
    } catch (error) {
      signal.throwIfAborted();
      broken.add(client);
      problems.push(`${titleOf(of)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const client of of.clients) {
        await attempt(client, async () => {
          const sample = await (running.get(client) ?? start(client)).measure();
          if (!staysWarm.includes(of.workload)) await end(client);
          (samples[client] ??= []).push(sample);
          context.onSample(of, client, round, sample);
        });
      }
    }
    for (const client of of.clients) await attempt(client, () => end(client));
  } finally {
    // Those that failed and those that were stopped: they have ended or do so now.
    await Promise.allSettled([...running.values()].map((measuring) => measuring.end()));
  }
  return { case: of, samples, problems };
}
