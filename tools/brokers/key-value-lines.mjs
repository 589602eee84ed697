/** @typedef {string | number | boolean | null | undefined} Setting */

/**
 * Writes flat settings as the lines of a configuration file, in their own order; a list becomes one line an item, `null` none.
 *
 * @param {Record<string, Setting | Setting[]>} settings
 * @param {string} separator what stands between name and value
 * @returns {string}
 */
export function keyValueLines(settings, separator) {
  return Object.entries(settings)
    .flatMap(([name, value]) => [value].flat().map((item) => [name, item]))
    .filter(([, item]) => item !== null && item !== undefined)
    .map(([name, item]) => `${name}${separator}${item}\n`)
    .join("");
}
