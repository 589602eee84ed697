/**
 * Returns what a thrown value says, or its code where it says nothing.
 *
 * @param {unknown} thrown
 * @returns {string}
 */
export function messageOf(thrown) {
  return thrown instanceof Error ? thrown.message || String(codeOf(thrown)) : String(thrown);
}

/**
 * Returns the code of a system error, as "ENOENT"; `undefined` for other thrown values.
 *
 * @param {unknown} thrown
 * @returns {string | undefined}
 */
export function codeOf(thrown) {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}
