/** @import { Verdict } from "./judge.mjs" */

/**
 * What came out of one scenario on one broker.
 *
 * @typedef {object} Result
 * @property {string} protocol of the broker
 * @property {string} scenario by its name
 * @property {readonly string[]} problems none when it went as it must
 * @property {Verdict} [verdict] missing where the broker did not start
 */

/**
 * Tells whether the run has to fail because of it.
 *
 * @param {Result} result
 * @returns {boolean}
 */
export function isFailed({ problems }) {
  return problems.length > 0;
}

const heads = [
  "broker, scenario",
  "confirmed",
  "handled",
  "dead letters",
  "lost",
  "handled again",
  "out of order",
  "longest gap ms",
  "recovery ms",
];

/**
 * Makes the rows of the table, the first of them its heads.
 *
 * @param {readonly Result[]} results
 * @returns {readonly (readonly string[])[]}
 */
export function reportRows(results) {
  return [heads, ...results.map(rowOf)];
}

/** @param {Result} result */
function rowOf({ protocol, scenario, problems, verdict }) {
  const name = `${protocol} ${scenario}${problems.length > 0 ? " (failed)" : ""}`;
  if (verdict === undefined) {
    return [name, ...heads.slice(1).map(() => "-")];
  }
  const { published, handled, deadLettered, lost, duplicated, orderViolations, longestGapMs, recoveryMs } = verdict;
  const numbers = [
    published,
    handled,
    deadLettered,
    lost.length,
    duplicated,
    orderViolations,
    longestGapMs,
    recoveryMs,
  ];
  return [name, ...numbers.map(String)];
}
