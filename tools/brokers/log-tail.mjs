import { readFileSync } from "node:fs";

/**
 * Returns the last lines of a log, indented; says so when there are none.
 *
 * @param {string} path
 * @param {number} [lines]
 * @returns {string}
 */
export function logTail(path, lines = 25) {
  const text = contentOf(path).trimEnd();
  return text === ""
    ? "  (empty)"
    : text
        .split("\n")
        .slice(-lines)
        .map((line) => `  ${line}`)
        .join("\n");
}

/** @param {string} path */
function contentOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
