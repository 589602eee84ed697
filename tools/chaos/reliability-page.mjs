import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { lossRows, reportRows } from "./report.mjs";

/** @import { Outcome } from "./run-chaos.mjs" */

const begin = "<!-- written by npm run chaos: begin -->";
const end = "<!-- written by npm run chaos: end -->";

/**
 * Puts the tables of a run between the marks of `docs/reliability.md` and leaves the rest of the page alone.
 *
 * @param {Outcome} outcome
 * @param {{ seconds: number, seed: number }} order
 */
export function writeReliabilityPage({ results, losses, versions }, { seconds, seed }) {
  const path = join(checkoutFolder, "docs", "reliability.md");
  const page = readFileSync(path, "utf8");
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`docs/reliability.md has lost its marks: ${begin} and ${end}`);
  }
  const made = [
    `Made by \`npm run chaos -- --on all --seconds ${seconds} --seed ${seed} --write-docs\` on a machine with ${availableParallelism()} cores, Node ${process.versions.node},`,
    `with ${Object.values(versions).join("; ")}.`,
    "",
    ...tableLines(reportRows(results)),
    "",
    "What the broker loses by itself, in the same run; none of it is counted above:",
    "",
    ...tableLines(lossRows(losses)),
  ];
  writeFileSync(path, `${before}${begin}\n\n${made.join("\n")}\n\n${end}${after}`);
}

/** @param {readonly (readonly string[])[]} rows the first of them the heads */
function tableLines([heads = [], ...rows]) {
  const lines = [heads, heads.map((_, column) => (column === 0 ? "---" : "--:")), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`);
}
