import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { withMarkedPart } from "../matrix/marked-part.mjs";
import { reportTables } from "./report.mjs";

/** @import { Result } from "./report.mjs" */

/**
 * Puts the tables of a run between the marks of `docs/reliability.md` and leaves the rest of the page alone.
 *
 * @param {readonly Result[]} results
 * @param {Readonly<Record<string, string>>} versions
 * @param {{ messages: number, seed: number }} order
 */
export function writeReliabilityPage(results, versions, { messages, seed }) {
  const path = join(checkoutFolder, "docs", "reliability.md");
  const text = [
    `Made by \`npm run soak -- --on all --messages ${messages} --seed ${seed} --write-docs\` on a machine with ${availableParallelism()} cores, Node ${process.versions.node},`,
    `with ${Object.values(versions).join("; ")}.`,
    ...reportTables(results).map(({ rows }) => `\n${markdownTable(rows)}`),
  ].join("\n");
  writeFileSync(path, withMarkedPart("docs/reliability.md", readFileSync(path, "utf8"), "npm run soak", text));
}

/**
 * Writes rows as a table of Markdown, the first row its heads and all but the first column flush right.
 *
 * @param {readonly (readonly string[])[]} rows
 * @returns {string}
 */
export function markdownTable([heads = [], ...rows]) {
  const lines = [heads, heads.map((_, column) => (column === 0 ? "---" : "--:")), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
