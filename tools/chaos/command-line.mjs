import { parseArgs } from "node:util";

import { chosen, wholeNumber } from "../command/option-values.mjs";
import { protocols } from "./chaos-broker.mjs";
import { losses } from "./losses.mjs";
import { scenarios } from "./scenarios.mjs";

/**
 * What `--help` prints.
 *
 * @type {string}
 */
export const help = `Usage: npm run chaos -- --on <broker> [--scenario <name>,…] [--seconds <number>] [--seed <number>] [--json]

Publishes numbered messages all the time, breaks something meanwhile, and compares what was confirmed with what was handled.

  --on <broker>         ${protocols.join(", ")} or all; a private broker is started and destroyed for it
  --scenario <names>    all of them unless told otherwise:
${[...scenarios, ...losses].map(({ name, title }) => `                          ${name.padEnd(17)}${title}`).join("\n")}
  --seconds <number>    how long each scenario breaks things (10 unless told otherwise)
  --seed <number>       makes the choices of keys and moments those of an earlier run
  --json                prints one object on standard output instead of a table
  --write-docs          puts the table into docs/reliability.md; needs --on all and every scenario
  --help                prints this

In memory there is one process, so only poison and drain can be run there. The last ${losses.length}, on ${[...new Set(losses.map(({ protocol }) => protocol))].join(", ")} alone, show what that broker
loses by itself, for as long as that takes; they fail only when its adapter does not say so at start-up. Exit code 0 only
when nothing else that was confirmed was lost, and the messages of each key were handled in their order.
`;

/**
 * What the command was asked for.
 *
 * @typedef {object} Order
 * @property {boolean} isHelp print how it is used, nothing else
 * @property {readonly string[]} on the protocols, one after the other
 * @property {readonly string[]} names of the scenarios
 * @property {number} seconds of each scenario
 * @property {number} seed of all random choices
 * @property {boolean} isJson one object instead of a table
 * @property {boolean} writesDocs into the page of the documentation
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
      scenario: { type: "string" },
      seconds: { type: "string", default: "10" },
      seed: { type: "string" },
      json: { type: "boolean", default: false },
      "write-docs": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (!values.help && values.on === undefined) {
    throw new Error(`--on is missing: ${protocols.join(", ")} or all.`);
  }
  const known = [...scenarios, ...losses].map(({ name }) => name);
  if (values["write-docs"] && (values.on !== "all" || values.scenario !== undefined)) {
    throw new Error("--write-docs needs --on all and every scenario, so that the page shows one run.");
  }
  return {
    isHelp: values.help,
    on: chosen("--on", values.on ?? "all", protocols),
    names: chosen("--scenario", values.scenario ?? "all", known),
    seconds: wholeNumber("--seconds", values.seconds, 1, 3_600),
    seed: wholeNumber("--seed", values.seed ?? String(Date.now() % 1_000_000), 0, 0xffff_ffff),
    isJson: values.json,
    writesDocs: values["write-docs"],
  };
}
