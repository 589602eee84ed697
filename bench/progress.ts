import type { Case } from "./case.ts";
import { titleOf } from "./case.ts";
import type { Sample } from "./measurement.ts";
import { count } from "./report.ts";

/** Says after each measurement what came out of it, how far the run is and how long it will take. */
export class Progress {
  readonly #measurements: number;
  readonly #log: (line: string) => void;
  readonly #began = performance.now();
  #done = 0;

  constructor(cases: readonly Case[], rounds: number, log: (line: string) => void) {
    this.#measurements = cases.reduce((sum, { clients }) => sum + clients.length * rounds, 0);
    this.#log = log;
  }

  /** Fits `RunContext.onSample`. */
  readonly tell = (of: Case, client: string, round: number, sample: Sample): void => {
    this.#done++;
    const each = (performance.now() - this.#began) / this.#done;
    const left = Math.ceil((each * (this.#measurements - this.#done)) / 60_000);
    const place = `[${this.#done}/${this.#measurements}, ${left === 0 ? "nearly done" : `about ${left} min left`}]`;
    this.#log(`${place} ${titleOf(of)}, round ${round}, ${client}: ${inShort(sample)}`);
  };
}

function inShort({ perSecond, latency }: Sample): string {
  if (latency === undefined) return `${count(perSecond)}/s`;
  return `p50 ${latency.p50.toFixed(2)} ms, p99 ${latency.p99.toFixed(2)} ms`;
}
