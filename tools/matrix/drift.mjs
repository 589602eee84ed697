/** @import { CaseResult, Certificate } from "./certificates.mjs" */

/**
 * Tells in what a run found something else than the certificates that are kept. Another version of a product is none of it.
 *
 * @param {ReadonlyMap<string, Certificate>} kept by name
 * @param {ReadonlyMap<string, Certificate>} found by name
 * @returns {readonly string[]} a line for each difference
 */
export function driftBetween(kept, found) {
  return [...kept].flatMap(([name, before]) => {
    const after = found.get(name);
    return after === undefined ? [] : differences(before, after).map((difference) => `${name}: ${difference}`);
  });
}

/**
 * @param {Certificate} kept
 * @param {Certificate} found
 */
function differences(kept, found) {
  return [
    ...differencesOf("declared", kept.declared, found.declared),
    ...differencesOf("effective", kept.effective, found.effective),
    ...differencesOf("case", endings(kept.results), endings(found.results)),
  ];
}

/** @param {readonly CaseResult[]} results */
function endings(results) {
  return Object.fromEntries(
    results.map(({ law, face, title, status, form }) => [
      `${law} on the ${face} (${title})`,
      form === undefined ? status : `${status}, ${form}`,
    ]),
  );
}

/**
 * @param {string} what
 * @param {Readonly<Record<string, string>>} kept
 * @param {Readonly<Record<string, string>>} found
 */
function differencesOf(what, kept, found) {
  const names = new Set([...Object.keys(kept), ...Object.keys(found)]);
  return [...names]
    .filter((name) => kept[name] !== found[name])
    .map((name) => `${what} ${name} was ${kept[name] ?? "not there"}, is ${found[name] ?? "not there"}`);
}
