import { createHash } from "node:crypto";

/**
 * What a file of readings must lead to, found out without the bus: the measure for what the services say.
 *
 * @typedef {object} Facts
 * @property {number} readings
 * @property {number} stations
 * @property {number} frost days with a minimum below zero
 * @property {number} storm days with a mean wind of ten metres per second or more
 * @property {string} checksum over the sorted lines
 */

/**
 * Reads the facts out of the text of a CSV file.
 *
 * @param {string} csv with a line of names at the top
 * @returns {Facts}
 */
export function factsOf(csv) {
  const lines = linesOf(csv).slice(1);
  const rows = lines.map((line) => line.split(","));
  return {
    readings: rows.length,
    stations: new Set(rows.map(([station]) => station)).size,
    frost: rows.filter((row) => Number(row[4]) < 0).length,
    storm: rows.filter((row) => Number(row[5]) >= 10).length,
    checksum: checksumOf(lines),
  };
}

/**
 * The SHA-256 of the lines in the order of their bytes, as `LC_ALL=C sort | sha256sum` prints it.
 *
 * @param {readonly string[]} lines of ASCII
 * @returns {string}
 */
export function checksumOf(lines) {
  return createHash("sha256")
    .update(
      lines
        .toSorted()
        .map((line) => `${line}\n`)
        .join(""),
    )
    .digest("hex");
}

/**
 * The lines of a text that have something in them.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function linesOf(text) {
  return text.split(/\r?\n/).filter((line) => line !== "");
}
