import type { Ratio } from "./statistics.ts";

/** What the gate compares with: ratios as they once were, by name. Written by the gate itself, never by hand. */
export interface Baseline {
  readonly rounds: number;
  readonly ratios: Readonly<Record<string, Ratio>>;
}
