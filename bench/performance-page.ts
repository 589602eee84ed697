import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkoutFolder } from "../tools/brokers/checkout.mjs";
import { withMarkedPart } from "../tools/matrix/marked-part.mjs";
import {
  awaitedRows,
  latencyRows,
  peerRows,
  pipelineRows,
  standingRows,
  summaryRows,
  sweepRows,
  throughputRows,
} from "./report.ts";
import type { Rows } from "./report.ts";
import type { Run } from "./run.ts";
import { svgOf } from "./svg.ts";
import { invalidity } from "./validity.ts";

const command = "npm run bench";

/** Puts what a run found between the marks of `docs/performance.md` and `README.md`, and its picture beside it; leaves the rest alone. */
export function writePerformancePage(run: Run): void {
  const page = join(checkoutFolder, "docs", "performance.md");
  writeFileSync(page, withMarkedPart("docs/performance.md", readFileSync(page, "utf8"), command, performancePart(run)));
  writeFileSync(join(checkoutFolder, "docs", "performance.svg"), svgOf(run.results));
  const readme = join(checkoutFolder, "README.md");
  writeFileSync(readme, withMarkedPart("README.md", readFileSync(readme, "utf8"), command, summaryPart(run)));
}

/** What a run found, in short, as Markdown. */
export function summaryPart({ date = "an unknown day", machine, effort, results }: Run): string {
  const peers = results.some((result) => result.case.section === "peers") ? " --peers" : "";
  const made =
    `Messages a second through the bus, end to end, as a ratio to the bare client used by an expert and to the same client used as its README shows; ` +
    `medians of ${effort.rounds} rounds, made on ${date} by \`npm run bench -- --on all${peers} --write-docs\` with ${machine.cores} cores for client and broker together.`;
  return [made, markdownTable(summaryRows(results), 1)].join("\n\n");
}

/** What a run found, as Markdown. */
export function performancePart(run: Run): string {
  const { machine, brokers, effort, results, quick } = run;
  const problems = results.flatMap(invalidity);
  const facts =
    `${effort.rounds} rounds of ${effort.measureMs / 1000} s each, on ${machine.cores} cores (${machine.processor}), Node ${machine.node}, with ` +
    `${Object.values(brokers).join(", ")} on the same machine.`;
  return [
    facts + (quick ? " **Made in a hurry: these numbers show that everything works, and nothing else.**" : ""),
    ...(problems.length === 0
      ? []
      : ["**This run is not valid:**", problems.map((problem) => `- ${problem.split("\n")[0]}`).join("\n")]),
    "![Messages a second, end to end](performance.svg)",
    ...section("End to end", throughputRows(results), 2),
    ...section("Latency", latencyRows(results), 3),
    ...section("Each publish awaited before the next", awaitedRows(results), 2),
    ...section("The bus alone, in memory", pipelineRows(results), 2),
    ...section("One thing changed at a time", sweepRows(results), 3),
    ...section("Before and without messages", standingRows(results, run.installs), 2),
    ...section("Other frameworks", peerRows(results), 3),
  ].join("\n\n");
}

function section(title: string, rows: Rows, flushLeft: number): string[] {
  return rows.length > 1 ? [`### ${title}`, markdownTable(rows, flushLeft)] : [];
}

function markdownTable([heads = [], ...rows]: Rows, flushLeft: number): string {
  const rule = heads.map((_, column) => (column < flushLeft ? "---" : "--:"));
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
