import type { Assignment, Delivery, Sample } from "./measurement.ts";

/** What is compared: one thing done by several clients in turn, at one setting. */
export interface Case {
  /** Under which name `--only` knows it. */
  readonly section: string;
  readonly on: string;
  readonly workload: string;
  readonly delivery: Delivery;
  readonly clients: readonly string[];
  /** What is changed from the usual setting, in words: `16 B payload`. */
  readonly change?: string;
  readonly setting?: Partial<Assignment>;
}

/** What came out of a case. */
export interface CaseResult {
  readonly case: Case;
  /** By client, one of each round. */
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
  /** What went wrong, if anything did; such a case proves nothing. */
  readonly problems: readonly string[];
}

/** How a case is called in a line of text. */
export function titleOf({ on, workload, delivery, change }: Case): string {
  return `${on} ${workload}, ${delivery}${change === undefined ? "" : `, ${change}`}`;
}
