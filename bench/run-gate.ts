import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkoutFolder } from "../tools/brokers/checkout.mjs";
import { table } from "../tools/demo/table.mjs";
import type { Baseline } from "./baseline.ts";
import { compare, gatedRatios, missing, verdictRows } from "./gate.ts";
import type { Run } from "./run.ts";

const baselineFile = join(checkoutFolder, "bench", "baseline.json");

/** Puts the ratios of a run in place of the baseline's; those of brokers that were not measured stay. */
export function writeBaseline(run: Run): void {
  const former = readBaseline()?.ratios ?? {};
  const baseline: Baseline = { rounds: run.effort.rounds, ratios: { ...former, ...gatedRatios(run.results) } };
  writeFileSync(baselineFile, `${JSON.stringify(baseline, null, 2)}\n`);
}

/** Prints how the run compares with the baseline; returns the exit code: 0 where every ratio held, 1 where one regressed or was not measured, 3 where it is too noisy to tell. */
export function judgeRun(run: Run, log: (line: string) => void): number {
  const baseline = readBaseline();
  if (baseline === undefined) {
    log("There is no bench/baseline.json to compare with; --write-baseline makes it.");
    return 1;
  }
  const ratios = gatedRatios(run.results);
  const verdicts = compare(baseline, ratios);
  const measured = new Set(run.results.map(({ case: { on } }) => on));
  const absent = missing(baseline, ratios).filter((name) => measured.has(name.split(" ")[0] ?? ""));
  process.stdout.write(`\n${table(verdictRows(verdicts), 1)}\n\n`);
  for (const name of absent) log(`Not measured: ${name}`);
  const regressed = verdicts.filter(({ says }) => says === "regressed");
  for (const { name, before, now } of regressed)
    log(`Regressed: ${name}, from ${before?.ratio.toFixed(2)} to ${now.ratio.toFixed(2)}`);
  if (regressed.length > 0 || absent.length > 0) return 1;
  const noisy = verdicts.filter(({ says }) => says === "noisy");
  for (const { name } of noisy) log(`Too noisy to tell: ${name}. Run it on a quieter machine, or with more --rounds.`);
  if (noisy.length > 0) return 3;
  log("No ratio has fallen.");
  return 0;
}

function readBaseline(): Baseline | undefined {
  return existsSync(baselineFile) ? (JSON.parse(readFileSync(baselineFile, "utf8")) as Baseline) : undefined;
}
