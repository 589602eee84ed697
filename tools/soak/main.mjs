#!/usr/bin/env node
import { messageOf } from "../brokers/thrown.mjs";
import { ProgressLine } from "../demo/progress-line.mjs";
import { stopSignal } from "../demo/stop-signal.mjs";
import { table } from "../demo/table.mjs";
import { help, parseOrder } from "./command-line.mjs";
import { writeReliabilityPage } from "./reliability-page.mjs";
import { reportTables } from "./report.mjs";
import { runSoak } from "./run-soak.mjs";

/** @import { Order } from "./command-line.mjs" */

const progress = new ProgressLine(process.stderr);

process.exitCode = await main(process.argv.slice(2));

/** @param {readonly string[]} args */
async function main(args) {
  /** @type {Order} */
  let order;
  try {
    order = parseOrder(args);
  } catch (error) {
    progress.log(`${messageOf(error)}\n\n${help}`);
    return 2;
  }
  if (order.isHelp) {
    process.stdout.write(help);
    return 0;
  }
  if (order.writesDocs) {
    return writeDocs();
  }
  const signal = stopSignal((line) => progress.log(line));
  const { results, versions } = await runSoak({ ...order, signal, progress });
  const { seed, messages } = order;
  if (order.isJson) {
    process.stdout.write(`${JSON.stringify({ seed, messages, versions, results }, null, 2)}\n`);
  } else {
    for (const { rows } of reportTables(results)) {
      process.stdout.write(`\n${table(rows)}\n`);
    }
    process.stdout.write("\n");
  }
  const failed = results.filter(({ problems }) => problems.length > 0);
  for (const { protocol, part, problems } of failed) {
    progress.log(`${protocol} ${part}: ${problems.join("; ")}`);
  }
  if (signal.aborted) {
    progress.log("Stopped before it was done; everything that was started has ended.");
    return 130;
  }
  progress.log(
    failed.length === 0
      ? `Every bound holds. Repeat it with --seed ${seed}.`
      : `${failed.length} of ${results.length} failed. Repeat it with --seed ${seed}.`,
  );
  return failed.length === 0 ? 0 : 1;
}

function writeDocs() {
  try {
    writeReliabilityPage();
    return 0;
  } catch (error) {
    progress.log(messageOf(error));
    return 1;
  }
}
