import { parseArgs } from "node:util";

import { chosen, wholeNumber } from "../command/option-values.mjs";
import { parts } from "./part-names.mjs";
import { protocols } from "./soak-brokers.mjs";

/**
 * What `--help` prints.
 *
 * @type {string}
 */
export const help = `Usage: npm run soak -- --on <broker>,… [--only <part>,…] [--messages <number>] [--seed <number>] [--json]
       npm run soak -- --write-docs

Uses the bus for long, for much and for harm, and looks at what it costs and whether it holds.

  --on <brokers>        ${protocols.join(", ")} or all; a private broker is started and destroyed for each
  --only <parts>        all of them unless told otherwise:
${parts.map(({ name, title }) => `                          ${name.padEnd(15)}${title}`).join("\n")}
  --messages <number>   how many the part flow publishes (1000000 unless told otherwise)
  --seed <number>       makes the random choices those of an earlier run
  --json                prints one object on standard output instead of tables
  --write-docs          runs nothing, and puts the last results of every part and broker into docs/reliability.md
  --help                prints this

Exit code 0 only when every bound holds.
`;

/**
 * What the command was asked for.
 *
 * @typedef {object} Order
 * @property {boolean} isHelp print how it is used, nothing else
 * @property {readonly string[]} on the protocols, one after the other
 * @property {readonly string[]} names of the parts
 * @property {number} messages of the part flow
 * @property {number} seed of all random choices
 * @property {boolean} isJson one object instead of tables
 * @property {boolean} writesDocs write the last results into the page of the documentation, nothing else
 */

/**
 * Reads the arguments of the command, or throws an error that says what was not understood.
 *
 * @param {readonly string[]} args
 * @returns {Order}
 */
export function parseOrder(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      on: { type: "string" },
      only: { type: "string" },
      messages: { type: "string", default: "1000000" },
      seed: { type: "string" },
      json: { type: "boolean", default: false },
      "write-docs": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const writesDocs = values["write-docs"];
  if (writesDocs && (values.on !== undefined || values.only !== undefined)) {
    throw new Error("--write-docs runs nothing: without --on and --only it writes what came out last.");
  }
  if (!values.help && !writesDocs && values.on === undefined) {
    throw new Error(`--on is missing: ${protocols.join(", ")} or all.`);
  }
  const known = parts.map(({ name }) => name);
  return {
    isHelp: values.help,
    on: chosen("--on", values.on ?? "all", protocols),
    names: chosen("--only", values.only ?? "all", known),
    messages: wholeNumber("--messages", values.messages, 100, 100_000_000),
    seed: wholeNumber("--seed", values.seed ?? String(Date.now() % 1_000_000), 0, 0xffff_ffff),
    isJson: values.json,
    writesDocs,
  };
}
