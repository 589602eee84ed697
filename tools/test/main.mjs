#!/usr/bin/env node
// Runs where nothing is installed yet, so neither this file nor what it imports needs more than Node itself.
import { constants } from "node:os";

import { bringUpBrokers, takeDownBrokers } from "./brokers-for-run.mjs";
import { endChildrenOnSignals, interruption } from "./children.mjs";
import { ensureModules } from "./installed-modules.mjs";
import { help, parseOrder } from "./order.mjs";
import { providePrivatePrograms } from "./programs-for-run.mjs";
import { runToolTests } from "./tool-tests-run.mjs";
import { sum, totalsLine } from "./totals.mjs";
import { runSuites } from "./vitest-run.mjs";

/** @import { Totals } from "./totals.mjs" */

const log = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

// A terminal that is gone must not keep the brokers from being taken down.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

const order = parseOrder(process.argv.slice(2));
if (order.help) {
  process.stdout.write(help());
} else {
  process.exitCode = await main();
}

async function main() {
  endChildrenOnSignals((signal) => log(`\n${signal}: ending the tests, then the brokers that were started for them …`));
  const totals = sum(await runAll());
  const signal = interruption();
  const isEmpty = totals.passed + totals.failed === 0;
  if (signal !== undefined) {
    log(`Interrupted by ${signal}; what follows is what was run until then.`);
  } else if (isEmpty) {
    log("No test was run, which counts as a failure.");
  }
  log(`\n${totalsLine(isEmpty ? { ...totals, failed: 1 } : totals)}`);
  if (signal !== undefined) {
    return 128 + constants.signals[signal];
  }
  return isEmpty || totals.failed > 0 ? 1 : 0;
}

/** @returns {Promise<Totals[]>} */
async function runAll() {
  const failure = { passed: 0, failed: 1, skipped: 0 };
  if (!(await ensureModules(log))) {
    return [failure];
  }
  /** @type {Totals[]} */
  const results = [];
  try {
    const { urls, failed } = await bringUpBrokers(order.suites ? order.brokers : [], log);
    results.push({ passed: 0, failed, skipped: 0 });
    if (order.suites) {
      results.push({ passed: 0, skipped: 0, ...(await providePrivatePrograms(order.programs, log)) });
      results.push(await runSuites({ projects: order.projects, vitestArgs: order.vitestArgs, urls }));
    }
    if (order.tools && interruption() === undefined) {
      log("Tests of the tools:");
      results.push(await runToolTests());
    }
  } catch (error) {
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    results.push(failure);
  } finally {
    await takeDownBrokers(log).catch((/** @type {unknown} */ error) => {
      log(`The brokers could not be taken down: ${String(error)}`);
      results.push(failure);
    });
  }
  return results;
}
