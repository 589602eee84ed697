#!/usr/bin/env node
import { runProgram } from "../check/run-program.mjs";
import { houseRuleFaults } from "./faults/house-rules.mjs";
import { layerFaults } from "./faults/layers.mjs";
import { lintFaults } from "./faults/lint.mjs";
import { packageFaults } from "./faults/packages.mjs";
import { typeFaults } from "./faults/types.mjs";
import { TreeCopy } from "./tree-copy.mjs";

/** @import { Fault } from "../check/checker.mjs" */
/** @import { PlantedFault } from "./planted-fault.mjs" */

const help = `Usage: npm run check:proof -- [checker…]

Plants faults in a temporary copy of this tree and expects "npm run check" to find each of them there, under the name of its
rule: some checkers report success when they looked at nothing. Exit code 1 when one is not found.
`;

const log = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

const allFaults = [...typeFaults, ...lintFaults, ...layerFaults, ...houseRuleFaults, ...packageFaults];

const wanted = process.argv.slice(2);
if (wanted.some((word) => word.startsWith("-"))) {
  process.stdout.write(help);
} else {
  process.exitCode = await main();
}

async function main() {
  const begin = performance.now();
  const copy = await TreeCopy.create();
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.once(signal, () => {
      copy.remove();
      process.exit(1);
    });
  }
  try {
    const rounds = roundsOf(allFaults.filter(({ checker }) => wanted.length === 0 || wanted.includes(checker)));
    let missed = 0;
    let found = 0;
    for (const faults of rounds) {
      const misses = await missesOf(copy, faults);
      found += faults.length - misses.length;
      missed += misses.length;
      const names = [...new Set(faults.map(({ checker }) => checker))].join(", ");
      log(`${names.padEnd(13)} found ${faults.length - misses.length} of ${faults.length} planted faults`);
      for (const { rule, file, instead } of misses) {
        log(`    NOT FOUND ${rule} in ${file}${instead}`);
      }
    }
    log(`\n${found} planted faults found, ${missed} not, in ${((performance.now() - begin) / 1000).toFixed(0)} s.`);
    return missed === 0 && found > 0 ? 0 : 1;
  } finally {
    copy.remove();
  }
}

/**
 * Puts together what can be planted at the same time: the faults of one checker, but for those that blind it.
 *
 * @param {readonly PlantedFault[]} faults
 * @returns {readonly (readonly PlantedFault[])[]}
 */
function roundsOf(faults) {
  const checkers = [...new Set(faults.map(({ checker }) => checker))];
  return checkers.flatMap((checker) => {
    const own = faults.filter((fault) => fault.checker === checker);
    const together = own.filter(({ alone }) => alone !== true);
    return [
      ...(together.length === 0 ? [] : [together]),
      ...own.filter(({ alone }) => alone === true).map((fault) => [fault]),
    ];
  });
}

/**
 * @param {TreeCopy} copy
 * @param {readonly PlantedFault[]} planted
 * @returns {Promise<(PlantedFault & { instead: string })[]>}
 */
async function missesOf(copy, planted) {
  const checker = planted[0]?.checker ?? "";
  const before = await faultsIn(copy, checker);
  const blind = before.find(({ rule }) => rule === "could-not-check");
  if (blind !== undefined) {
    return planted.map((fault) => ({
      ...fault,
      instead: `; without it, ${checker} could not check either: ${blind.what.split("\n")[0]}`,
    }));
  }
  const mend = copy.plant(planted);
  try {
    const after = await faultsIn(copy, checker);
    const isNew = (/** @type {Fault} */ { rule, where, what }) =>
      !before.some((fault) => fault.rule === rule && fault.where === where && fault.what === what);
    const news = after.filter(isNew);
    return planted
      .filter(
        ({ rule, file, where = file }) =>
          !news.some((fault) => fault.rule === rule && (fault.where ?? "").startsWith(where)),
      )
      .map((fault) => {
        const there = news.filter(({ where = "" }) => where === "" || where.startsWith(fault.file));
        return {
          ...fault,
          instead:
            there.length === 0 ? "" : `; there was ${there.map(({ rule, what }) => `${rule} (${what})`).join(", ")}`,
        };
      });
  } finally {
    mend();
  }
}

/**
 * @param {TreeCopy} copy
 * @param {string} checker
 * @returns {Promise<readonly Fault[]>}
 */
async function faultsIn(copy, checker) {
  const { stdout, stderr } = await runProgram(process.execPath, ["tools/check/main.mjs", "--json", "--only", checker], {
    cwd: copy.folder,
  });
  const report = /** @type {Record<string, readonly Fault[]>} */ (JSON.parse(stdout));
  const faults = report[checker];
  if (faults === undefined) {
    throw new Error(`${checker} told nothing: ${stderr}`);
  }
  return faults;
}
