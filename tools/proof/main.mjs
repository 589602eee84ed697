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

/** @typedef {Record<string, readonly Fault[]>} Reports faults by checker */

const help = `Usage: npm run check:proof -- [checker…]

Plants faults in a temporary copy of this tree and expects "npm run check" to find each of them there, under the name of its
rule: some checkers report success when they looked at nothing. Exit code 1 when one is not found.
`;

const log = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

const allFaults = [...typeFaults, ...lintFaults, ...layerFaults, ...houseRuleFaults, ...packageFaults];

const packageCheckers = new Set(["publint", "attw", "entries", "user-types"]);

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
    const chosen = allFaults.filter(({ checker }) => wanted.length === 0 || wanted.includes(checker));
    log("Looking at the copy as it is …");
    const before = await faultsIn(copy, chosen);
    let missed = 0;
    let found = 0;
    for (const faults of roundsOf(chosen)) {
      const misses = await missesOf(copy, faults, before);
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
 * Puts together what can be planted at the same time: the faults of one checker, but for those that blind it, and those of
 * all that look at packed packages, since packing takes its time.
 *
 * @param {readonly PlantedFault[]} faults
 * @returns {readonly (readonly PlantedFault[])[]}
 */
function roundsOf(faults) {
  /** @type {Map<string, PlantedFault[]>} */
  const rounds = new Map();
  for (const fault of faults) {
    const { checker, file, alone } = fault;
    const name = alone === true ? `${checker} ${file}` : packageCheckers.has(checker) ? "packages" : checker;
    rounds.set(name, [...(rounds.get(name) ?? []), fault]);
  }
  return [...rounds.values()];
}

/**
 * @param {TreeCopy} copy
 * @param {readonly PlantedFault[]} planted
 * @param {Reports} before
 * @returns {Promise<(PlantedFault & { instead: string })[]>}
 */
async function missesOf(copy, planted, before) {
  const mend = copy.plant(planted);
  try {
    const after = await faultsIn(copy, planted);
    return planted.flatMap((fault) => {
      const instead = missing(fault, before[fault.checker] ?? [], after[fault.checker] ?? []);
      return instead === undefined ? [] : [{ ...fault, instead }];
    });
  } finally {
    mend();
  }
}

/**
 * Returns `undefined` when the planted fault was found, or what there was instead of it.
 *
 * @param {PlantedFault} planted
 * @param {readonly Fault[]} before
 * @param {readonly Fault[]} after
 */
function missing({ checker, rule, file, where = file }, before, after) {
  const blind = before.find((fault) => fault.rule === "could-not-check");
  if (blind !== undefined) {
    return `; without it, ${checker} could not check either: ${blind.what.split("\n")[0]}`;
  }
  const news = after.filter(
    (fault) => !before.some((old) => old.rule === fault.rule && old.where === fault.where && old.what === fault.what),
  );
  if (news.some((fault) => fault.rule === rule && (fault.where ?? "").startsWith(where))) {
    return undefined;
  }
  const there = news.filter((fault) => fault.where === undefined || fault.where.startsWith(file));
  return there.map((fault) => `; there was ${fault.rule} (${fault.what.split("\n")[0]})`).join("");
}

/**
 * @param {TreeCopy} copy
 * @param {readonly PlantedFault[]} planted the checkers of these are asked
 * @returns {Promise<Reports>}
 */
async function faultsIn(copy, planted) {
  const names = [...new Set(planted.map(({ checker }) => checker))].join(",");
  const args = ["tools/check/main.mjs", "--json", "--only", names];
  const { stdout, stderr } = await runProgram(process.execPath, args, { cwd: copy.folder });
  try {
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(`The check told nothing: ${stderr}`, { cause: error });
  }
}
