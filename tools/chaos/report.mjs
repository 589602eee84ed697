/** @import { Verdict } from "./judge.mjs" */
/** @import { LossVerdict } from "./loss-stage.mjs" */

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
 * What a broker lost by itself.
 *
 * @typedef {object} LossResult
 * @property {string} protocol of the broker
 * @property {string} scenario by its name
 * @property {readonly string[]} problems none when it could be shown, and the adapter says so
 * @property {LossVerdict} [verdict] missing where the broker did not start
 */

/**
 * Tells whether the run has to fail because of it.
 *
 * @param {Result | LossResult} result
 * @returns {boolean}
 */
export function isFailed({ problems }) {
  return problems.length > 0;
}

const heads = [
  "broker, scenario",
  "faults",
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

const lossHeads = ["broker, scenario", "confirmed", "missing before", "lost", "said at start-up"];

/**
 * Makes the rows of the table of what brokers lose by themselves, the first of them its heads.
 *
 * @param {readonly LossResult[]} results
 * @returns {readonly (readonly string[])[]}
 */
export function lossRows(results) {
  return [
    lossHeads,
    ...results.map((result) => {
      const { verdict } = result;
      if (verdict === undefined) {
        return [nameOf(result), ...lossHeads.slice(1).map(() => "-")];
      }
      const { published, missing, lost, isSaid } = verdict;
      return [nameOf(result), ...[published, missing, lost].map(String), isSaid ? "yes" : "no"];
    }),
  ];
}

/** @param {Result | LossResult} result */
function nameOf({ protocol, scenario, problems }) {
  return `${protocol} ${scenario}${problems.length > 0 ? " (failed)" : ""}`;
}

/** @param {Result} result */
function rowOf(result) {
  const { verdict } = result;
  if (verdict === undefined) {
    return [nameOf(result), ...heads.slice(1).map(() => "-")];
  }
  const { faults, published, handled, deadLettered, lost, duplicated, disordered, longestGapMs, recoveryMs } = verdict;
  const numbers = [
    faults,
    published,
    handled,
    deadLettered,
    lost.length,
    duplicated,
    disordered.length,
    longestGapMs,
    recoveryMs,
  ];
  return [nameOf(result), ...numbers.map(String)];
}
