/**
 * Lays nested settings over others, without changing either; `null` removes what is below.
 *
 * @param {Record<string, any>} below
 * @param {Record<string, any>} above
 * @returns {Record<string, any>}
 */
export function layOver(below, above) {
  const result = { ...below };
  for (const [name, value] of Object.entries(above)) {
    if (value === null) {
      delete result[name];
    } else {
      result[name] = isPlainObject(value) && isPlainObject(result[name]) ? layOver(result[name], value) : value;
    }
  }
  return result;
}

/** @param {unknown} value */
function isPlainObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
