#!/usr/bin/env node
// Runs where nothing is installed yet, so neither this file nor what it imports needs more than Node itself.
import { parseArgs } from "node:util";

import { messageOf } from "../brokers/thrown.mjs";
import { wholeNumber } from "../command/option-values.mjs";
import { runCommand } from "../command/run-command.mjs";
import { bringUpBrokers, takeDownBrokers } from "../test/brokers-for-run.mjs";
import { endChildrenOnSignals, interruption } from "../test/children.mjs";
import { ensureModules } from "../test/installed-modules.mjs";
import { sum, totalsLine } from "../test/totals.mjs";
import { runAtOnce } from "./run-at-once.mjs";

/** @import { Totals } from "../test/totals.mjs" */

/** @typedef {{ isHelp: boolean, adapters: readonly string[], times: number, hasOwnServers: boolean }} Order */

/** Which broker of "npm run brokers" each adapter is tried on. @type {ReadonlyMap<string, string>} */
const brokerOf = new Map([
  ["mqtt", "mosquitto"],
  ["amqp", "rabbitmq"],
  ["kafka", "kafka"],
  ["nats", "nats"],
  ["redis", "redis"],
]);

const help = `Usage: npm run test:parallel -- [--times <number>] [--on <adapter>,…] [--own-servers]

Runs the conformance kit of each adapter several times at once against one server, one adapter after the other: services that share a
server do not see each other. Prints a line for each run.

  --times <number>   how many at once (10 unless told otherwise)
  --on <adapters>    some of ${[...brokerOf.keys()].join(", ")}; all of them unless told otherwise
  --own-servers      lets each run start a server of its own too, for the laws that restart one; without it those are left to "npm test"
  --help             prints this

The last line is "N passed, N failed, N skipped"; the exit code is 0 only when something passed and nothing failed.
`;

await runCommand({ help, parseOrder, isHelp: (order) => order.isHelp, carryOut });

/** @param {Order} order */
async function carryOut(order) {
  endChildrenOnSignals((signal) => log(`\n${signal}: ending the runs, then the brokers that were started for them …`));
  const totals = sum(await runAll(order));
  log(`\n${totalsLine(totals)}`);
  return totals.failed > 0 || totals.passed === 0 || interruption() !== undefined ? 1 : 0;
}

/**
 * @param {Order} order
 * @returns {Promise<Totals[]>}
 */
async function runAll({ adapters, times, hasOwnServers }) {
  /** @type {Totals[]} */
  const results = [];
  if (!(await ensureModules(log))) {
    return [{ passed: 0, failed: 1, skipped: 0 }];
  }
  try {
    const brokers = adapters.flatMap((adapter) => brokerOf.get(adapter) ?? []);
    const { urls, failed } = await bringUpBrokers(brokers, log);
    results.push({ passed: 0, failed, skipped: 0 });
    for (const adapter of adapters) {
      if (interruption() === undefined) {
        results.push(...(await runAtOnce({ adapter, times, urls, hasOwnServers, log })));
      }
    }
  } catch (error) {
    log(messageOf(error));
    results.push({ passed: 0, failed: 1, skipped: 0 });
  } finally {
    await takeDownBrokers(log);
  }
  return results;
}

/**
 * @param {readonly string[]} args
 * @returns {Order}
 */
function parseOrder(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      times: { type: "string", default: "10" },
      on: { type: "string" },
      "own-servers": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const adapters = values.on?.split(",") ?? [...brokerOf.keys()];
  const unknown = adapters.find((adapter) => !brokerOf.has(adapter));
  if (unknown !== undefined) {
    throw new Error(`--on "${unknown}": known are ${[...brokerOf.keys()].join(", ")}.`);
  }
  return {
    isHelp: values.help,
    adapters,
    times: wholeNumber("--times", values.times, 1, 100),
    hasOwnServers: values["own-servers"],
  };
}

/** @param {string} line */
function log(line) {
  process.stdout.write(`${line}\n`);
}
