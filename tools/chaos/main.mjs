#!/usr/bin/env node
import { runCommand } from "../command/run-command.mjs";
import { stopSignal } from "../demo/stop-signal.mjs";
import { table } from "../demo/table.mjs";
import { help, parseOrder } from "./command-line.mjs";
import { isFailed, lossRows, reportRows } from "./report.mjs";
import { runChaos } from "./run-chaos.mjs";
import { writeReliabilityPage } from "./reliability-page.mjs";

/** @import { Order } from "./command-line.mjs" */

await runCommand({ help, parseOrder, isHelp: (order) => order.isHelp, carryOut });

/** @param {Order} order */
async function carryOut(order) {
  const signal = stopSignal(log);
  const { results, losses, versions } = await runChaos({ ...order, signal, log });
  if (order.isJson) {
    process.stdout.write(
      `${JSON.stringify({ seed: order.seed, seconds: order.seconds, versions, results, losses }, null, 2)}\n`,
    );
  } else {
    if (results.length > 0) {
      process.stdout.write(`\n${table(reportRows(results))}\n\n`);
    }
    if (losses.length > 0) {
      process.stdout.write(
        `\nWhat the broker loses by itself, whatever its clients do:\n\n${table(lossRows(losses))}\n\n`,
      );
    }
  }
  const all = [...results, ...losses];
  const failed = all.filter(isFailed);
  for (const { protocol, scenario, problems } of failed) {
    log(`${protocol} ${scenario}: ${problems.join("; ")}`);
  }
  if (signal.aborted) {
    log("Stopped before it was done; everything that was started has ended.");
    return 130;
  }
  if (order.writesDocs) {
    writeReliabilityPage({ results, losses, versions }, order);
  }
  log(
    failed.length === 0
      ? `Nothing was lost by us, and every key kept its order. Repeat it with --seed ${order.seed}.`
      : `${failed.length} of ${all.length} failed. Repeat it with --seed ${order.seed}.`,
  );
  return failed.length === 0 ? 0 : 1;
}

/** @param {string} line */
function log(line) {
  process.stderr.write(`${line}\n`);
}
