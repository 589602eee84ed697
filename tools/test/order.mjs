import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { rootFolder } from "./root-folder.mjs";

/** What each project talks to; one that is not named here may talk to all of them. */
const brokersOf = /** @type {Record<string, readonly string[] | undefined>} */ ({
  core: [],
  mqtt: ["mosquitto", "rabbitmq"],
  amqp: ["rabbitmq"],
  nats: ["nats"],
  kafka: ["kafka"],
  redis: ["redis"],
  bench: [],
  tools: [],
});

/** What the suites of a project start by themselves, beside servers of those kinds: provided before they run. */
const privateProgramsOf = /** @type {Record<string, readonly string[] | undefined>} */ ({
  mqtt: ["hivemq"],
  nats: ["nats-latest"],
  kafka: ["kafka4"],
  examples: ["chromium", "hivemq", "kafka4"],
});

/**
 * What is to be run.
 *
 * @typedef {object} Order
 * @property {boolean} help
 * @property {readonly string[]} projects vitest projects; empty for all of them
 * @property {boolean} suites whether vitest runs
 * @property {boolean} tools whether the tests of the tools run
 * @property {readonly string[] | undefined} brokers undefined for the usual ones
 * @property {readonly string[]} programs what suites start by themselves beside those brokers
 * @property {readonly string[]} vitestArgs
 */

/**
 * Names every project that can be asked for.
 *
 * @returns {readonly string[]}
 */
function projectNames() {
  const packages = readdirSync(join(rootFolder, "packages")).filter((name) =>
    existsSync(join(rootFolder, "packages", name, "package.json")),
  );
  return [...packages, "bench", "examples", "integration", "tools"];
}

/**
 * Reads the arguments: names of projects, and everything else for vitest.
 *
 * @param {readonly string[]} args
 * @returns {Order}
 */
export function parseOrder(args) {
  const known = projectNames();
  // An option of vitest may take its value from the next word, so only what stands before the first one names projects.
  const firstOption = args.findIndex((arg) => !known.includes(arg));
  const named = firstOption === -1 ? args : args.slice(0, firstOption);
  const vitestArgs =
    firstOption === -1 ? [] : args.slice(firstOption).filter((arg, index) => index > 0 || arg !== "--");
  const projects = [...new Set(named)].filter((name) => name !== "tools");
  const needs = named.map((name) => brokersOf[name]);
  return {
    help: args.includes("--help") || args.includes("-h"),
    projects,
    suites: projects.length > 0 || !named.includes("tools"),
    tools: named.includes("tools") || args.length === 0,
    brokers:
      needs.length === 0 || needs.includes(undefined) ? undefined : [...new Set(needs.flatMap((names) => names ?? []))],
    // A few files rarely need them, and those that do fetch them when they start.
    programs:
      vitestArgs.length > 0
        ? []
        : [
            ...new Set(
              (named.length === 0 ? Object.keys(privateProgramsOf) : named).flatMap(
                (name) => privateProgramsOf[name] ?? [],
              ),
            ),
          ],
    vitestArgs,
  };
}

/**
 * Returns what `--help` prints.
 *
 * @returns {string}
 */
export function help() {
  return `Usage: npm test -- [project…] [options of vitest]

Installs what is missing, brings up the brokers that the suites need, runs the suites and takes the brokers down again. Further servers
(HiveMQ, Kafka 4, the nats-server of today, clusters) are started by the suites that are about them.

  project   ${projectNames().join(", ")}; without one all of them
  --help    prints this

  npm test -- mqtt                     one project, with its brokers only
  npm test -- core -t "dead letter"    what comes after the projects goes to vitest: run tests with such a name
  npm test -- kafka test/offsets       or files with such a path

Brokers that were up before ("npm run brokers -- up") are used and stay up. One that cannot be had is skipped with its suites.

  BUSBAR_TEST_<NAME>_URL=<url>          use that broker, e.g. BUSBAR_TEST_MOSQUITTO_URL=mqtt://127.0.0.1:1883
  BUSBAR_BROKERS=existing               install no broker
  BUSBAR_REQUIRE_BROKERS=all|<name>,…   a broker that would be skipped is a failure; with "all" anything that would

The last line is "N passed, N failed, N skipped"; the exit code is 0 only when something passed and nothing failed.
`;
}
