/** @import { Program } from "./program.mjs" */

/**
 * Resolves when the condition holds, which is looked at after every message of the programs. Rejects when one of them ends by itself, when
 * the time is up (with what `whyNot` says), and when the signal aborts.
 *
 * @param {() => boolean} condition
 * @param {object} options
 * @param {readonly Program[]} options.programs
 * @param {number} options.deadlineMs
 * @param {AbortSignal} options.signal
 * @param {() => string} options.whyNot
 * @returns {Promise<void>}
 */
export function waitUntil(condition, { programs, deadlineMs, signal, whyNot }) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => settle(new Error(`Not done after ${deadlineMs / 1_000} s: ${whyNot()}.`)),
      deadlineMs,
    );
    const abort = () => settle(signal.reason);
    /** @param {Error} [error] */
    const settle = (error) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (error === undefined) {
        resolve();
      } else {
        reject(error);
      }
    };
    const look = () => {
      try {
        if (condition()) {
          settle();
        } else {
          for (const program of programs) {
            program.assertRuns();
          }
        }
      } catch (error) {
        settle(/** @type {Error} */ (error));
      }
    };
    signal.addEventListener("abort", abort);
    for (const program of programs) {
      program.onNews(look);
    }
    if (signal.aborted) {
      abort();
    } else {
      look();
    }
  });
}

/**
 * Resolves when the programs have said nothing for so long, in milliseconds. Rejects when the signal aborts.
 *
 * @param {number} quietMs
 * @param {object} options
 * @param {readonly Program[]} options.programs
 * @param {AbortSignal} options.signal
 * @returns {Promise<void>}
 */
export function waitForQuiet(quietMs, { programs, signal }) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, quietMs);
    const abort = () => {
      clearTimeout(timer);
      reject(/** @type {Error} */ (signal.reason));
    };
    signal.addEventListener("abort", abort, { once: true });
    for (const program of programs) {
      program.onNews(() => timer.refresh());
    }
  });
}
