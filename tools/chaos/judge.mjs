/** @import { Handled } from "./journal.mjs" */

/**
 * What the files of one scenario say.
 *
 * @typedef {object} Verdict
 * @property {number} faults how often it was broken
 * @property {number} published how many were confirmed
 * @property {number} handled how many different ones
 * @property {number} deadLettered how many different ones
 * @property {readonly number[]} lost confirmed, and neither handled nor, where they had to, dead-lettered
 * @property {readonly number[]} wronglyDead dead-lettered although handling them never failed
 * @property {number} duplicated handlings beyond the first of each
 * @property {readonly number[]} disordered handled for the first time after a later message of their key
 * @property {number} longestGapMs between two handlings
 * @property {number} recoveryMs the longest time from the end of a fault to the handling of a message published after it
 */

/**
 * Compares what was confirmed with what was handled.
 *
 * @param {object} evidence
 * @param {ReadonlySet<number>} evidence.confirmed
 * @param {readonly Handled[]} evidence.handled in the order of the handling
 * @param {readonly number[]} evidence.deadLetters
 * @param {(number: number) => boolean} evidence.mustDie
 * @param {readonly number[]} evidence.faultEnds in milliseconds since the epoch
 * @returns {Verdict}
 */
export function judge({ confirmed, handled, deadLetters, mustDie, faultEnds }) {
  const seen = new Set();
  /** @type {Map<string, number>} */
  const latest = new Map();
  /** @type {number[]} */
  const disordered = [];
  let longestGapMs = 0;
  let previous = handled[0]?.handledAt ?? 0;
  for (const { number, key, handledAt } of handled) {
    longestGapMs = Math.max(longestGapMs, handledAt - previous);
    previous = handledAt;
    if (seen.has(number)) {
      continue;
    }
    seen.add(number);
    const last = latest.get(key) ?? -1;
    if (number < last) {
      disordered.push(number);
    }
    latest.set(key, Math.max(last, number));
  }
  const dead = new Set(deadLetters);
  return {
    faults: faultEnds.length,
    published: confirmed.size,
    handled: seen.size,
    deadLettered: dead.size,
    lost: [...confirmed].filter((number) => !(mustDie(number) ? dead : seen).has(number)),
    wronglyDead: [...dead].filter((number) => !mustDie(number)),
    duplicated: handled.length - seen.size,
    disordered,
    longestGapMs,
    recoveryMs: Math.max(0, ...faultEnds.map((end) => recoveryAfter(end, handled) ?? 0)),
  };
}

/**
 * How long after the moment a message was handled that was published after it; `undefined` as long as none was.
 *
 * @param {number} moment
 * @param {readonly Handled[]} handled in the order of the handling
 * @returns {number | undefined}
 */
export function recoveryAfter(moment, handled) {
  const first = handled.find(({ sentAt }) => sentAt >= moment);
  return first === undefined ? undefined : first.handledAt - moment;
}
