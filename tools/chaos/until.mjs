import { setTimeout as pause } from "node:timers/promises";

/** How often the condition is looked at, in milliseconds. */
const lookEveryMs = 100;

/**
 * Resolves when the condition holds. Rejects with what `whyNot` says when the time is up, with what the condition throws, and
 * when the signal aborts.
 *
 * @param {() => boolean | Promise<boolean>} condition
 * @param {object} options
 * @param {number} options.deadlineMs
 * @param {AbortSignal} options.signal
 * @param {() => string} options.whyNot
 * @returns {Promise<void>}
 */
export async function until(condition, { deadlineMs, signal, whyNot }) {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    signal.throwIfAborted();
    if (Date.now() >= end) {
      throw new Error(`not after ${deadlineMs / 1_000} s: ${whyNot()}`);
    }
    await pause(lookEveryMs);
  }
}
