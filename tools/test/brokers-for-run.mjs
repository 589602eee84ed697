import { BrokersUnavailableError, brokerStatus, ensureBrokers, stopBrokers } from "../brokers/index.mjs";
import { joinRuns, leaveRuns, noteStarted } from "./test-runs.mjs";
import { urlVariables } from "./url-variables.mjs";

/**
 * What the suites get of the brokers they need.
 *
 * @typedef {object} BrokersForRun
 * @property {Record<string, string>} urls variables for the suites
 * @property {number} failed how many had to be there and are not
 */

/**
 * Brings up the named brokers, as far as they can be had, and tells of the others.
 *
 * @param {readonly string[] | undefined} names undefined for the usual ones
 * @param {(line: string) => void} log
 * @returns {Promise<BrokersForRun>}
 */
export async function bringUpBrokers(names, log) {
  joinRuns();
  if (names?.length === 0) {
    return { urls: {}, failed: 0 };
  }
  const { brokers, failures } = await ensureOrTell(names, log);
  const usable = [...brokers.values()].flatMap((broker) => ("urls" in broker ? [broker] : []));
  noteStarted(
    usable.flatMap(({ name, source, pid }) => (source === "started" && pid !== undefined ? [{ name, pid }] : [])),
  );
  for (const { name, version = "of unknown version", source, url } of usable) {
    log(`${name} ${version}, ${source}: ${withoutSecrets(url)}`);
  }
  for (const broker of brokers.values()) {
    if ("skipped" in broker && !failures.has(broker.name)) {
      log(`SKIPPED ${broker.name} and the suites that need it: ${broker.skipped}`);
    }
  }
  for (const failure of failures.values()) {
    log(`FAILED ${failure}`);
  }
  return { urls: urlVariables(usable), failed: failures.size };
}

/**
 * Takes down what test runs started, unless another one still needs it. What was up before stays up.
 *
 * @param {(line: string) => void} log
 */
export async function takeDownBrokers(log) {
  const started = leaveRuns();
  if (started.length === 0) {
    return;
  }
  const { brokers } = await brokerStatus(started.map(({ name }) => name));
  const names = started.filter(({ name, pid }) => {
    const broker = brokers.get(name);
    // One that somebody started anew since is somebody's.
    return broker !== undefined && (!("pid" in broker) || broker.pid === pid);
  });
  await stopBrokers(
    names.map(({ name }) => name),
    { log },
  );
}

/**
 * @param {readonly string[] | undefined} names
 * @param {(line: string) => void} log
 */
async function ensureOrTell(names, log) {
  /** @type {ReadonlyMap<string, string>} */
  const none = new Map();
  try {
    return { brokers: await ensureBrokers(names, { log }), failures: none };
  } catch (error) {
    if (error instanceof BrokersUnavailableError) {
      return { brokers: error.brokers, failures: error.failures };
    }
    throw error;
  }
}

/** @param {string} url */
function withoutSecrets(url) {
  return url.replace(/\/\/[^@/]*@/, "//");
}
