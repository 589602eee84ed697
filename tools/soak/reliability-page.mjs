import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { withMarkedPart } from "../matrix/marked-part.mjs";
import { keptResults } from "./kept-results.mjs";
import { parts } from "./part-names.mjs";
import { reportTables } from "./report.mjs";
import { protocols } from "./soak-brokers.mjs";

/** @import { KeptResult } from "./kept-results.mjs" */

/** Puts the last results between the marks of `docs/reliability.md` and leaves the rest of the page alone; throws when they are no whole. */
export function writeReliabilityPage() {
  const path = join(checkoutFolder, "docs", "reliability.md");
  const page = readFileSync(path, "utf8");
  writeFileSync(path, withMarkedPart("docs/reliability.md", page, "npm run soak", pageText(keptResults())));
}

/**
 * The part of the page that is made. Throws when a part of a broker is missing, and when not all were ordered alike.
 *
 * @param {readonly KeptResult[]} kept in any order
 * @returns {string}
 */
export function pageText(kept) {
  const results = protocols.flatMap((protocol) =>
    parts.map(({ name }) => {
      const result = kept.find((each) => each.protocol === protocol && each.part === name);
      if (result === undefined) {
        throw new Error(
          `There is no result of ${name} on ${protocol}: npm run soak -- --on ${protocol} --only ${name}`,
        );
      }
      return result;
    }),
  );
  const orders = new Set(results.map(({ messages, seed }) => `--messages ${messages} --seed ${seed}`));
  const machines = new Set(results.map(({ node, cores }) => `a machine with ${cores} cores, Node ${node}`));
  const [order] = orders;
  if (orders.size > 1) {
    throw new Error(`The results were ordered differently: ${[...orders].join("; ")}`);
  }
  const versions = [...new Set(results.map(({ version }) => version))].filter((version) => version !== "");
  return [
    `Each row is the last run of its part on its broker, by \`npm run soak -- --on <broker> --only <part> ${order}\`; written by`,
    `\`npm run soak -- --write-docs\`, on ${[...machines].join(" and ")}, with ${versions.join("; ")}.`,
    ...reportTables(results).map(({ rows }) => `\n${markdownTable(rows)}`),
  ].join("\n");
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
