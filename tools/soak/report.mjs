/** @import { Outcome } from "./assignment.mjs" */

/**
 * What came out of one part on one broker.
 *
 * @typedef {object} Result
 * @property {string} protocol of the broker
 * @property {string} part by its name; "start" where the broker did not
 * @property {readonly string[]} problems none when every bound held
 * @property {Outcome["figures"]} [figures] missing where it did not come to an end
 */

/**
 * The tables of a run, one for each part with a row for each broker, the first row its heads.
 *
 * @param {readonly Result[]} results
 * @returns {readonly { part: string, rows: readonly (readonly string[])[] }[]}
 */
export function reportTables(results) {
  const names = [...new Set(results.map(({ part }) => part))];
  return names.map((part) => {
    const ofPart = results.filter((result) => result.part === part);
    const heads = [...new Set(ofPart.flatMap(({ figures = {} }) => Object.keys(figures)))];
    const rows = ofPart.map(({ protocol, problems, figures = {} }) => [
      `${protocol}${problems.length > 0 ? " (failed)" : ""}`,
      ...heads.map((head) => cell(figures[head])),
    ]);
    return { part, rows: [[`${part} on`, ...heads], ...rows] };
  });
}

/** @param {number | string | undefined} figure */
function cell(figure) {
  return typeof figure === "number" ? figure.toLocaleString("en") : (figure ?? "-");
}
