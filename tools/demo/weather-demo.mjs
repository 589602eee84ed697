import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { messageOf } from "../brokers/thrown.mjs";
import { factsOf } from "./csv-facts.mjs";
import { demoBrokers, withBroker } from "./demo-brokers.mjs";
import { ensureDemoFolder } from "./demo-folder.mjs";
import { withInventedStations } from "./invented-stations.mjs";
import { faultsOf, lossesOf, weatherReport } from "./weather-report.mjs";
import { runWeather } from "./weather-run.mjs";

/** @import { ProgressLine } from "./progress-line.mjs" */
/** @import { Outcome } from "./weather-run.mjs" */

/**
 * Runs the weather example on each of the brokers and prints what came out. Resolves to 0 when it was as it must be on every one, else to 1.
 *
 * @param {object} options
 * @param {readonly string[]} options.brokers
 * @param {number} options.stations invented ones
 * @param {number} options.deadlineMs for each broker
 * @param {AbortSignal} options.signal
 * @param {ProgressLine} options.progress
 * @returns {Promise<number>}
 */
export async function demonstrateWeather({ brokers, stations, deadlineMs, signal, progress }) {
  const csvFile = readingsFile(stations);
  const facts = factsOf(readFileSync(csvFile, "utf8"));
  progress.log(
    `${facts.readings} readings of ${facts.stations} stations go out as weather.<station>.reading. One service saves them, one keeps\n` +
      "monthly statistics, one raises alerts of frost and storm, which a board takes down.\n",
  );
  /** @type {Map<string, Outcome>} */
  const outcomes = new Map();
  /** @type {string[]} */
  const faults = [];
  /** @type {string[]} */
  const losses = [];
  for (const protocol of brokers) {
    progress.begin(protocol);
    const isLossy = demoBrokers[protocol]?.isLossy === true;
    try {
      const outcome = await withBroker(
        protocol,
        async (url) => {
          signal.throwIfAborted();
          progress.log(whatRuns(protocol, url));
          const show = (/** @type {string} */ text) => progress.show(text);
          const done = await runWeather({ protocol, url, csvFile, facts, isLossy, deadlineMs, signal, show });
          progress.log(`${protocol}: done in ${done.seconds.toFixed(2)} s`);
          return done;
        },
        (line) => progress.log(`${protocol}: ${line}`),
      );
      outcomes.set(protocol, outcome);
      if (isLossy) {
        losses.push(`${protocol} promises nothing. ${lossesOf(facts, outcome)}`);
      } else {
        faults.push(...faultsOf(facts, outcome).map((fault) => `${protocol}: ${fault}`));
      }
    } catch (error) {
      signal.throwIfAborted();
      progress.log(`${protocol}: failed`);
      faults.push(`${protocol}: ${messageOf(error)}`);
    }
  }
  if (outcomes.size > 0) {
    process.stdout.write(`\n${weatherReport(facts, outcomes)}\n\n`);
  }
  const isProven = faults.length === 0 && losses.length < brokers.length;
  const proof = "Every reading was handled by every service, and what was saved is what the CSV file holds.";
  const lines = [...losses, ...faults, ...(isProven ? [proof] : [])];
  if (faults.length === 0) {
    lines.push(`Saved files and logs: ${relative(process.cwd(), ensureDemoFolder())}`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
  return faults.length === 0 ? 0 : 1;
}

/** @param {number} stations */
function readingsFile(stations) {
  const real = join(checkoutFolder, "examples/01-weather/weather.csv");
  if (stations === 0) {
    return real;
  }
  const path = join(ensureDemoFolder(), `weather-with-${stations}-invented-stations.csv`);
  writeFileSync(path, withInventedStations(readFileSync(real, "utf8"), stations));
  return path;
}

/**
 * The one line by which the runs differ.
 *
 * @param {string} protocol
 * @param {string} url
 */
function whatRuns(protocol, url) {
  const config = `examples/01-weather/config/${protocol}.yaml`;
  const line = readFileSync(join(checkoutFolder, config), "utf8")
    .split("\n")
    .find((each) => each.startsWith("  main:"));
  const shown = line?.trim().replace(/\$\{BROKER_URL[^}]*\}/, url.replace(/\/\/[^@/]*@/, "//…@"));
  return `${protocol}: ${config} says ${shown}`;
}
