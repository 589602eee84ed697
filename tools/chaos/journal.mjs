import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";

/**
 * One handled message: its number and key, when it was published and when it was handled, in milliseconds since the epoch.
 *
 * @typedef {object} Handled
 * @property {number} number of the message
 * @property {string} key it was published with
 * @property {number} sentAt when `publish` was called
 * @property {number} handledAt just before its handler returned
 */

/** A file that a process appends lines to and that holds each of them as soon as `append` returns, even when the process is killed then. */
export class Journal {
  #file;

  /** @param {string} path */
  constructor(path) {
    this.#file = openSync(path, "a");
  }

  /** @param {readonly (string | number)[]} fields without spaces */
  append(fields) {
    writeSync(this.#file, `${fields.join(" ")}\n`);
  }

  /** Nothing can be appended afterwards. */
  close() {
    closeSync(this.#file);
  }
}

/**
 * Reads the numbers that were confirmed so far.
 *
 * @param {string} path
 * @returns {Set<number>}
 */
export function readConfirmed(path) {
  return new Set(linesOf(path).map(([number]) => Number(number)));
}

/**
 * Reads what was handled so far, in the order of the handling.
 *
 * @param {string} path
 * @returns {Handled[]}
 */
export function readHandled(path) {
  return linesOf(path).map(([number, key = "", sentAt, handledAt]) => ({
    number: Number(number),
    key,
    sentAt: Number(sentAt),
    handledAt: Number(handledAt),
  }));
}

/** @param {string} path */
function linesOf(path) {
  // Only what ends with a line break was written to its end.
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  return lines.map((line) => line.split(" "));
}
