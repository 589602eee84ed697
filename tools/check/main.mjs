#!/usr/bin/env node
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { checkers } from "./checkers.mjs";
import { rootFolder } from "./root-folder.mjs";

/** @import { Checker, Fault } from "./checker.mjs" */

const help = `Usage: npm run check -- [--only <name>[,<name>…]] [--json]

Runs every checker, whatever the others say, and lists all faults. Exit code 1 when there is one.

${checkers.map(({ name, about }) => `  ${name.padEnd(13)}${about}`).join("\n")}

  --only <name>  runs only these
  --json         prints one JSON object on standard output: the faults by checker
  --help         prints this

"npm run format" mends the format. "npm run check:proof" shows that each checker sees what it is there for.
`;

// What checkers have made in the temporary folder goes when this process exits, which it does not by itself on a signal.
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
process.exitCode = await main();

async function main() {
  /** @type {{ values: { only?: string[], json?: boolean, help?: boolean } }} */
  let order;
  try {
    order = parseArgs({
      options: {
        only: { type: "string", multiple: true },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    process.stderr.write(`${/** @type {Error} */ (error).message}\n\n${help}`);
    return 2;
  }
  const { only, json, help: wantsHelp } = order.values;
  if (wantsHelp) {
    process.stdout.write(help);
    return 0;
  }
  const names = only?.flatMap((text) => text.split(","));
  const unknown = names?.filter((name) => checkers.every((checker) => checker.name !== name)) ?? [];
  if (unknown.length > 0) {
    process.stderr.write(
      `There is no checker ${unknown.join(", ")}; known are ${checkers.map(({ name }) => name).join(", ")}.\n`,
    );
    return 2;
  }
  if (!existsSync(join(rootFolder, "node_modules"))) {
    process.stderr.write("Nothing is installed: npm install --no-audit --no-fund --no-save\n");
    return 2;
  }
  const log = json ? process.stderr : process.stdout;
  const chosen = checkers.filter(({ name }) => names === undefined || names.includes(name));
  /** @type {Map<string, readonly Fault[]>} */
  const results = new Map();
  for (const checker of chosen) {
    log.write(checker.name.padEnd(13));
    const begin = performance.now();
    const { seen, faults } = await carryOut(checker);
    results.set(checker.name, faults);
    const seconds = `${((performance.now() - begin) / 1000).toFixed(1)} s`;
    log.write(
      `${faults.length === 0 ? "good" : `${faults.length} ${faults.length === 1 ? "fault" : "faults"}`}, ${seconds} (${seen})\n`,
    );
    for (const { rule, where, what } of json ? [] : faults) {
      log.write(`    ${where === undefined ? "" : `${where}  `}${what}  [${rule}]\n`);
    }
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(Object.fromEntries(results), undefined, 2)}\n`);
  }
  const failed = [...results].filter(([, faults]) => faults.length > 0).map(([name]) => name);
  log.write(
    failed.length === 0
      ? `\nAll ${chosen.length} checks good.\n`
      : `\n${failed.length} of ${chosen.length} checks failed: ${failed.join(", ")}.\n`,
  );
  return failed.length === 0 ? 0 : 1;
}

/** @param {Checker} checker */
async function carryOut(checker) {
  try {
    return await checker.run();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { seen: "nothing", faults: [{ rule: "could-not-check", what }] };
  }
}
