import type { Baseline } from "./baseline.ts";
import type { Case, CaseResult } from "./case.ts";
import { titleOf } from "./case.ts";
import { busToExpert, busToExpertByCpu } from "./report.ts";
import type { Ratio } from "./statistics.ts";

/** What the gate says of one ratio. */
export interface Verdict {
  readonly name: string;
  readonly before: Ratio | undefined;
  readonly now: Ratio;
  /** By how much of the former one it may be less. */
  readonly tolerance: number;
  /** `noisy`: what was measured lies too far apart to tell. `new`: there is nothing to compare with. */
  readonly says: "held" | "regressed" | "noisy" | "new";
}

/** No regression that is smaller is looked for: compilers and kernels change more than that from day to day. */
const leastTolerance = 0.05;
/** From here on half of the speed could be gone without a word. */
const greatestTolerance = 0.3;
/** So many standard errors lie between two medians by chance once in 700 comparisons. */
const standardErrors = 3;

/** The ratios of a run that the gate looks at, by name: end to end at-least-once, whatever else was measured. */
export function gatedRatios(results: readonly CaseResult[]): Readonly<Record<string, Ratio>> {
  return Object.fromEntries(
    results
      .filter(({ problems, case: of }) => problems.length === 0 && isGated(of))
      .flatMap((result) => [
        [`${titleOf(result.case)}: messages a second`, busToExpert(result)],
        [`${titleOf(result.case)}: processor time`, busToExpertByCpu(result)],
      ]),
  );
}

function isGated({ section, delivery }: Case): boolean {
  return section === "end-to-end" && delivery === "at-least-once";
}

/**
 * Compares ratios with former ones: absolute times differ from machine to machine, the ratio of two that took turns does not. How much less
 * a ratio may be follows from how far the rounds of both runs lie apart: three standard errors of their difference, at least 5 %.
 */
export function compare(baseline: Baseline, ratios: Readonly<Record<string, Ratio>>): readonly Verdict[] {
  return Object.entries(ratios).map(([name, now]) => {
    const before = baseline.ratios[name];
    if (before === undefined) return { name, before, now, tolerance: NaN, says: "new" };
    const noise = standardErrors * Math.hypot(before.noise, now.noise);
    const tolerance = Math.max(leastTolerance, noise);
    return { name, before, now, tolerance, says: saysOf(before, now, tolerance) };
  });
}

/** What stood in the baseline and was not measured this time. */
export function missing(baseline: Baseline, ratios: Readonly<Record<string, Ratio>>): readonly string[] {
  return Object.keys(baseline.ratios).filter((name) => ratios[name] === undefined);
}

function saysOf(before: Ratio, now: Ratio, tolerance: number): Verdict["says"] {
  // Written so that what is not a number has not held.
  const held = now.ratio >= before.ratio * (1 - tolerance);
  if (!held) return "regressed";
  return tolerance <= greatestTolerance ? "held" : "noisy";
}

/** The verdicts as a table. */
export function verdictRows(verdicts: readonly Verdict[]): readonly (readonly string[])[] {
  return [
    ["what", "before", "now", "may fall by", "says"],
    ...verdicts.map(({ name, before, now, tolerance, says }) => [
      name,
      before?.ratio.toFixed(2) ?? "",
      now.ratio.toFixed(2),
      Number.isNaN(tolerance) ? "" : `${Math.round(tolerance * 100)} %`,
      says,
    ]),
  ];
}
