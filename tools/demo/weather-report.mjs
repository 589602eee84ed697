import { table } from "./table.mjs";

/** @import { Facts } from "./csv-facts.mjs" */
/** @import { Outcome } from "./weather-run.mjs" */

const number = new Intl.NumberFormat("en-US");
const figure = (/** @type {number} */ value) => number.format(value);
const digest = (/** @type {string} */ checksum) => checksum.slice(0, 12);

/**
 * The rows of the report: what it is called, what the CSV file says it must be (if it says), and what it was in a run.
 *
 * @type {readonly (readonly [name: string, expected: ((facts: Facts) => string) | undefined, seen: (outcome: Outcome) => string])[]}
 */
const rows = [
  ["readings published", (facts) => figure(facts.readings), ({ published }) => figure(published)],
  ["handled by saver", (facts) => figure(facts.readings), ({ handled }) => figure(handled["saver"] ?? 0)],
  ["handled by statistics", (facts) => figure(facts.readings), ({ handled }) => figure(handled["statistics"] ?? 0)],
  ["handled by watch", (facts) => figure(facts.readings), ({ handled }) => figure(handled["watch"] ?? 0)],
  ["alerts of frost", (facts) => figure(facts.frost), ({ frost }) => figure(frost)],
  ["alerts of storm", (facts) => figure(facts.storm), ({ storm }) => figure(storm)],
  ["out of order", () => "0", ({ outOfOrder }) => figure(outOfOrder)],
  ["checksum of the readings", (facts) => digest(facts.checksum), ({ checksum }) => digest(checksum)],
  ["duplicates recognised", undefined, ({ duplicates }) => figure(duplicates)],
  ["seconds", undefined, ({ seconds }) => seconds.toFixed(2)],
  ["readings/s, end to end", undefined, ({ published, seconds }) => figure(Math.round(published / seconds))],
  ["messages/s, all services", undefined, (outcome) => figure(Math.round(handledInAll(outcome) / outcome.seconds))],
];

/**
 * The report as text: the CSV file's own figures beside those of every run.
 *
 * @param {Facts} facts
 * @param {ReadonlyMap<string, Outcome>} outcomes by broker
 * @returns {string}
 */
export function weatherReport(facts, outcomes) {
  const runs = [...outcomes.values()];
  return table([
    ["", "CSV file", ...outcomes.keys()],
    ...rows.map(([name, expected, seen]) => [name, expected?.(facts) ?? "", ...runs.map(seen)]),
  ]);
}

/**
 * What is not as it must be, a sentence each; nothing when the run is good.
 *
 * @param {Facts} facts
 * @param {Outcome} outcome
 * @returns {string[]}
 */
export function faultsOf(facts, outcome) {
  const faults = rows.flatMap(([name, expected, seen]) =>
    expected === undefined || expected(facts) === seen(outcome)
      ? []
      : [`${name}: ${seen(outcome)} instead of ${expected(facts)}`],
  );
  // The report shows the beginning of the checksum; what counts is all of it.
  return faults.length === 0 && outcome.checksum !== facts.checksum ? ["the checksums differ"] : faults;
}

/**
 * What did not arrive in a run where nothing was promised, as a sentence.
 *
 * @param {Facts} facts
 * @param {Outcome} outcome
 * @returns {string}
 */
export function lossesOf(facts, { handled, frost, storm }) {
  const lost = [
    ...Object.entries(handled).map(([service, count]) => `${figure(facts.readings - count)} readings for ${service}`),
    `${figure(facts.frost + facts.storm - frost - storm)} alerts`,
  ];
  return `Lost this time: ${lost.join(", ")}.`;
}

/** @param {Outcome} outcome */
function handledInAll({ handled, frost, storm }) {
  return Object.values(handled).reduce((sum, count) => sum + count, frost + storm);
}
