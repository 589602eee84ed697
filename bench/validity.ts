import type { CaseResult } from "./case.ts";
import { median } from "./statistics.ts";

/** How many times as fast as the quick-start client an expert must be at least; less, and it is none, and comparing with it would flatter the bus. */
const leastFactors: Readonly<Record<string, number>> = { mqtt: 5 };
const leastFactor = 10;

/** What speaks against a result, in sentences; nothing where it is valid. */
export function invalidity({ case: of, samples, problems }: CaseResult): readonly string[] {
  const found = [...problems];
  // At most once nobody waits for a confirm, and there is little to be slow at.
  if (of.workload !== "end-to-end" || of.delivery !== "at-least-once" || !of.clients.includes("quick-start"))
    return found;
  const expert = median((samples["expert"] ?? []).map(({ perSecond }) => perSecond));
  const quickStart = median((samples["quick-start"] ?? []).map(({ perSecond }) => perSecond));
  const factor = expert / quickStart;
  const least = leastFactors[of.on] ?? leastFactor;
  if (Number.isNaN(factor)) {
    found.push(
      `${of.on}: it is not known how fast the expert is beside the quick-start client, so the run is invalid.`,
    );
  } else if (factor < least) {
    found.push(
      `${of.on}: the expert is only ${factor.toFixed(2)} times as fast as the quick-start client, and must be ${least} times as fast: ` +
        "the run is invalid, since a slow expert would flatter the bus.",
    );
  }
  return found;
}
