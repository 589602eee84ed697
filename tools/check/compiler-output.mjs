/** @import { Fault } from "./checker.mjs" */

/**
 * Reads the faults out of what the TypeScript compiler printed.
 *
 * @param {string} output
 * @param {string} [prefix] stands before every path
 * @returns {Fault[]}
 */
export function compilerFaults(output, prefix = "") {
  return [...output.matchAll(/^(?:([^\s(][^(\n]*)\((\d+),\d+\): )?error (TS\d+): (.*)$/gm)].map(
    ([, path, line, rule = "", what = ""]) => ({
      rule,
      ...(path === undefined ? {} : { where: `${prefix}${path}:${line}` }),
      what,
    }),
  );
}
