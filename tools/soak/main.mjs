#!/usr/bin/env node
import { messageOf } from "../brokers/thrown.mjs";
import { runCommand } from "../command/run-command.mjs";
import { ProgressLine } from "../demo/progress-line.mjs";
import { stopSignal } from "../demo/stop-signal.mjs";
import { table } from "../demo/table.mjs";
import { help, parseOrder } from "./command-line.mjs";
import { writeReliabilityPage } from "./reliability-page.mjs";
import { reportTables } from "./report.mjs";
import { runSoak } from "./run-soak.mjs";

/** @import { Order } from "./command-line.mjs" */

const progress = new ProgressLine(process.stderr);

await runCommand({ help, parseOrder, isHelp: (order) => order.isHelp, carryOut });

/** @param {Order} order */
async function carryOut(order) {
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
