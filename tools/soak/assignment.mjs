/**
 * What the program of one part is to do: its one argument, as JSON.
 *
 * @typedef {object} Assignment
 * @property {import("./part-names.mjs").PartName} part by its name
 * @property {string} protocol of the broker
 * @property {string} url of the broker
 * @property {number} messages of the part that takes very many
 * @property {number} seed of all random choices
 */

/**
 * What came out of a part: its figures by the heads of their columns, and what is wrong; nothing is when every bound held.
 *
 * @typedef {object} Outcome
 * @property {Readonly<Record<string, number | string>>} figures
 * @property {readonly string[]} problems
 */

/**
 * What a program says: how far it is, and in the end what came out.
 *
 * @typedef {{ type: "progress", text: string } | { type: "outcome", outcome: Outcome }} News
 */

/**
 * Reads the assignment of this process.
 *
 * @returns {Assignment}
 */
export function ownAssignment() {
  return JSON.parse(process.argv[2] ?? "{}");
}
