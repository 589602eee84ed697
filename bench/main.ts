import { readFileSync, writeFileSync } from "node:fs";
import { build } from "./build.ts";
import type { Case } from "./case.ts";
import { gateCases, pipelineCase, sweepCases, usualCases } from "./cases.ts";
import { help, parseOrder } from "./command-line.ts";
import type { Order } from "./command-line.ts";
import { installsOf } from "./installs.ts";
import { installPeers } from "./install-peers.ts";
import { peerCases } from "./peers.ts";
import { writePerformancePage } from "./performance-page.ts";
import { printRun } from "./print-run.ts";
import type { Run } from "./run.ts";
import { runAll } from "./run-all.ts";
import { judgeRun, writeBaseline } from "./run-gate.ts";
import { stopSignal } from "./stop-signal.ts";
import { invalidity } from "./validity.ts";

/** How long one measurement takes, in milliseconds. */
const times = { warmUpMs: 1000, measureMs: 2000 };
const quickTimes = { warmUpMs: 300, measureMs: 700 };

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let order: Order;
  try {
    order = parseOrder(args);
  } catch (error) {
    log(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    return 2;
  }
  if (order.isHelp) {
    process.stdout.write(help);
    return 0;
  }
  const signal = stopSignal(log);
  const run =
    order.from === undefined ? await measure(order, signal) : (JSON.parse(readFileSync(order.from, "utf8")) as Run);
  if (order.json !== undefined) writeFileSync(order.json, `${JSON.stringify(run, null, 2)}\n`);
  printRun(run);
  if (signal.aborted) {
    log("Stopped before it was done; everything that was started has ended.");
    return 130;
  }
  const problems = run.results.flatMap(invalidity);
  for (const problem of problems) log(problem);
  if (order.writesDocs) writePerformancePage(run);
  if (problems.length > 0) return 1;
  if (order.writesBaseline) writeBaseline(run);
  return order.isGate ? judgeRun(run, log) : 0;
}

async function measure(order: Order, signal: AbortSignal): Promise<Run> {
  log("Building …");
  await build();
  if (order.hasPeers) await installPeers(log);
  const cases = casesOf(order);
  const { rounds, isQuick } = order;
  const run = await runAll({ cases, rounds, quick: isQuick, signal, log, ...(isQuick ? quickTimes : times) });
  return order.only.includes("standing") ? { ...run, installs: installsOf(order.on) } : run;
}

function casesOf({ on, only, hasPeers, isGate }: Order): readonly Case[] {
  if (isGate) return on.flatMap(gateCases);
  const ofBroker = (each: string): readonly Case[] => [...usualCases(each), ...sweepCases(each)];
  const cases = [pipelineCase, ...on.flatMap(ofBroker)].filter(({ section }) => only.includes(section));
  return hasPeers ? [...cases, ...on.flatMap(peerCases)] : cases;
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
