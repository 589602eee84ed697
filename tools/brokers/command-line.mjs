import { parseArgs } from "node:util";

import { brokerKind, brokerNames, usualBrokerNames } from "./known-brokers.mjs";

/**
 * What `--help` prints.
 *
 * @type {string}
 */
export const help = `Usage: npm run brokers -- up|down|status [--json] [name…]

Private brokers of this checkout for tests and examples, on free ports of 127.0.0.1.

  up       starts what is not running yet and waits until it answers
  down     ends what "up" started and removes its data
  status   tells what answers now, changes nothing

  name     ${brokerNames.join(", ")};
           without one "up" means ${usualBrokerNames.join(", ")}, the others all of them
  --json   prints one JSON object on standard output, by name; progress goes to standard error
  --help   prints this

Where a broker comes from, in this order: the variable below; what "up" started before; installed programs;
on Debian as root, packages (none of their services are started). A broker that cannot be had is skipped.

  BUSBAR_TEST_<NAME>_URL=<url>          use that broker, e.g. BUSBAR_TEST_MOSQUITTO_URL=mqtt://127.0.0.1:1883
  BUSBAR_BROKERS=existing               install and fetch nothing
  BUSBAR_REQUIRE_BROKERS=all|<name>,…   fail where a broker would be skipped

More in docs/development-brokers.md.
`;

const commands = /** @type {const} */ (["up", "down", "status"]);

/**
 * @typedef {object} Order
 * @property {"up" | "down" | "status" | "help"} command what to do
 * @property {readonly string[]} names of the brokers it is about
 * @property {boolean} json whether the outcome is for a program to read
 */

/**
 * Reads the arguments of the command, or throws an error that says what was not understood.
 *
 * @param {readonly string[]} args
 * @returns {Order}
 */
export function parseOrder(args) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
  });
  const [word, ...names] = positionals;
  if (values.help || word === undefined || word === "help") {
    return { command: "help", names: [], json: false };
  }
  const command = commands.find((known) => known === word);
  if (command === undefined) {
    throw new Error(`There is no command "${word}"; known are ${commands.join(", ")}.`);
  }
  return {
    command,
    names:
      names.length > 0 ? names.map((name) => brokerKind(name).name) : command === "up" ? usualBrokerNames : brokerNames,
    json: values.json,
  };
}
