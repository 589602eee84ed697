import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { checksumOf, linesOf } from "./csv-facts.mjs";
import { ensureDemoFolder } from "./demo-folder.mjs";
import { Program } from "./program.mjs";
import { waitForQuiet, waitUntil } from "./wait-until.mjs";

/** @import { Facts } from "./csv-facts.mjs" */

const example = "examples/01-weather";

/** The parts of the program that handle messages. */
const services = ["saver", "statistics", "watch", "board"];

/** How long nothing comes until what has not come is lost, in milliseconds. */
const quietMs = 3_000;

/** The services that get every reading. */
const readers = ["saver", "statistics", "watch"];

/**
 * What came out of a run on one broker.
 *
 * @typedef {object} Outcome
 * @property {number} published
 * @property {Record<string, number>} handled by service, each reading once
 * @property {number} duplicates that the services recognised, all of them together
 * @property {number} outOfOrder readings that were saved after a later one of the same station
 * @property {number} frost alerts that arrived
 * @property {number} storm alerts that arrived
 * @property {number} seconds from the first publish until the last message was handled
 * @property {string} checksum over the sorted lines that were saved
 */

/**
 * Runs the weather example on one broker: in memory as one process, elsewhere every service and the publisher as a process of its own.
 * Resolves when every reading and every alert was handled and all processes have drained and ended; what they kept at the broker is gone then.
 *
 * @param {object} options
 * @param {string} options.protocol the name of the configuration
 * @param {string} options.url of the broker
 * @param {string} options.csvFile with the readings
 * @param {Facts} options.facts about these readings
 * @param {boolean} options.isLossy whether messages may get lost; then it is done when nothing comes any more
 * @param {number} options.deadlineMs
 * @param {AbortSignal} options.signal stops everything, in order
 * @param {(text: string) => void} options.show told again and again how far it is
 * @returns {Promise<Outcome>}
 */
export async function runWeather({ protocol, url, csvFile, facts, isLossy, deadlineMs, signal, show }) {
  const folder = ensureDemoFolder(protocol);
  const savedFile = join(folder, "readings.csv");
  rmSync(savedFile, { force: true });
  const env = {
    BUSBAR_CONFIG: `${example}/config/${protocol}.yaml`,
    BROKER_URL: url,
    WEATHER_CSV: csvFile,
    WEATHER_SAVED: savedFile,
    WEATHER_STATISTICS: join(folder, "statistics.json"),
  };
  const start = (/** @type {string} */ name, /** @type {readonly string[]} */ command) =>
    new Program(`${name} on ${protocol}`, command, {
      env: { ...env, BUSBAR_INSTANCE: name },
      logFile: join(folder, `${name}.log`),
      endsByItself: name === "publisher",
    });
  const forget = () => start("forget", [`${example}/forget.ts`, ...services]).whenDone();

  /** @type {Program[]} */
  const programs = [];
  const figures = () => figuresOf(programs);
  const wait = (/** @type {() => boolean} */ condition, /** @type {number} */ ms, /** @type {() => string} */ whyNot) =>
    waitUntil(condition, { programs, deadlineMs: ms, signal, whyNot });
  const run = async () => {
    if (url === "memory:") {
      programs.push(start("weather", [`${example}/main.ts`, ...services, "publisher"]));
    } else {
      // A run that was killed may have left its subscriptions behind, and messages in them.
      show("clearing away what an earlier run may have left …");
      await forget();
      signal.throwIfAborted();
      programs.push(...services.map((part) => start(part, [`${example}/main.ts`, part])));
      show("waiting until every service has subscribed …");
      await wait(
        () => programs.every((program) => program.said("ready") !== undefined),
        60_000,
        () => "a service has not subscribed",
      );
      programs.push(start("publisher", [`${example}/main.ts`, "publisher"]));
    }
    for (const program of programs) {
      program.onNews(() => show(progressOf(figures(), facts)));
    }
    await wait(
      () => (isLossy ? figures()["publisher"]?.["published"] === facts.readings : isDone(figures(), facts)),
      deadlineMs,
      () => progressOf(figures(), facts),
    );
    if (isLossy) {
      await waitForQuiet(quietMs, { programs, signal });
    }
  };
  try {
    await run();
  } catch (error) {
    await Promise.allSettled(programs.map((program) => program.stop()));
    if (url !== "memory:") {
      await forget().catch(() => undefined);
    }
    throw error;
  }
  show(`${isLossy ? "nothing comes any more" : "every reading is handled"}; stopping the services with SIGTERM …`);
  await Promise.all(programs.map((program) => program.stop()));
  if (url !== "memory:") {
    show("removing the durable subscriptions …");
    await forget();
  }
  return outcomeOf(programs, savedFile);
}

/**
 * @param {readonly Program[]} programs
 * @param {string} savedFile
 * @returns {Outcome}
 */
function outcomeOf(programs, savedFile) {
  const count = counter(figuresOf(programs));
  const saved = existsSync(savedFile) ? readFileSync(savedFile, "utf8") : "";
  const begin = Math.min(...programs.map((program) => program.said("publishing")?.at ?? Number.POSITIVE_INFINITY));
  const end = Math.max(...programs.map((program) => program.said("figures")?.at ?? 0));
  return {
    published: count("publisher", "published"),
    handled: Object.fromEntries(readers.map((part) => [part, count(part, "handled")])),
    duplicates: services.reduce((sum, part) => sum + count(part, "duplicates"), 0),
    outOfOrder: count("saver", "outOfOrder"),
    frost: count("board", "frost"),
    storm: count("board", "storm"),
    seconds: (end - begin) / 1_000,
    checksum: checksumOf(linesOf(saved)),
  };
}

/**
 * @param {Record<string, Record<string, number>>} figures
 * @returns {(part: string, event: string) => number}
 */
function counter(figures) {
  return (part, event) => figures[part]?.[event] ?? 0;
}

/**
 * @param {readonly Program[]} programs
 * @returns {Record<string, Record<string, number>>}
 */
function figuresOf(programs) {
  return Object.assign({}, ...programs.map((program) => program.said("figures")?.figures ?? {}));
}

/**
 * @param {Record<string, Record<string, number>>} figures
 * @param {Facts} facts
 */
function isDone(figures, facts) {
  const count = counter(figures);
  return (
    count("publisher", "published") === facts.readings &&
    readers.every((part) => count(part, "handled") === facts.readings) &&
    count("board", "frost") === facts.frost &&
    count("board", "storm") === facts.storm
  );
}

/**
 * @param {Record<string, Record<string, number>>} figures
 * @param {Facts} facts
 */
function progressOf(figures, facts) {
  const count = counter(figures);
  const parts = readers.map((part) => `${part} ${count(part, "handled")}`);
  const alerts = count("board", "frost") + count("board", "storm");
  return [
    `published ${count("publisher", "published")} of ${facts.readings}`,
    ...parts,
    `alerts ${alerts} of ${facts.frost + facts.storm}`,
  ].join(", ");
}
