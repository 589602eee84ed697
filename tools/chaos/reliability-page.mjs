import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { reportRows } from "./report.mjs";

/** @import { Result } from "./report.mjs" */

const begin = "<!-- written by npm run chaos: begin -->";
const end = "<!-- written by npm run chaos: end -->";

/**
 * Puts the table of a run between the marks of `docs/reliability.md` and leaves the rest of the page alone.
 *
 * @param {readonly Result[]} results
 * @param {Readonly<Record<string, string>>} versions
 * @param {{ seconds: number, seed: number }} order
 */
export function writeReliabilityPage(results, versions, { seconds, seed }) {
  const path = join(checkoutFolder, "docs", "reliability.md");
  const page = readFileSync(path, "utf8");
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`docs/reliability.md has lost its marks: ${begin} and ${end}`);
  }
  const [heads = [], ...rows] = reportRows(results);
  const lines = [heads, heads.map((_, column) => (column === 0 ? "---" : "--:")), ...rows];
  const made = [
    `Made by \`npm run chaos -- --on all --seconds ${seconds} --seed ${seed} --write-docs\` on a machine with ${availableParallelism()} cores, Node ${process.versions.node},`,
    `with ${Object.values(versions).join("; ")}.`,
    "",
    ...lines.map((cells) => `| ${cells.join(" | ")} |`),
  ];
  writeFileSync(path, `${before}${begin}\n\n${made.join("\n")}\n\n${end}${after}`);
}
