import { answers, available } from "./available-broker.mjs";
import { BrokerInstance, BrokerStartError } from "./broker-instance.mjs";
import { brokersFolder, ensureStateFolder } from "./checkout.mjs";
import { mainVariable, mayInstall, requiredBrokers, urlsFromEnvironment } from "./environment.mjs";
import { withFileLock } from "./file-lock.mjs";
import { lockOf, readRecord, removeInstance, sharedFolder, sweepOrphans } from "./instance-record.mjs";
import { brokerKind, usualBrokerNames } from "./known-brokers.mjs";
import { providePrograms } from "./provide-programs.mjs";
import { whenReady } from "./readiness.mjs";
import { messageOf } from "./thrown.mjs";

/** @import { AvailableBroker } from "./available-broker.mjs" */
/** @import { BrokerKind, Found } from "./broker-kind.mjs" */
/** @import { InstanceRecord } from "./instance-record.mjs" */

/**
 * A broker that cannot be had here, and why.
 *
 * @typedef {object} SkippedBroker
 * @property {string} name as on the command line
 * @property {string} skipped the reason, and what to type where that helps
 */

/**
 * Brings up every named broker and resolves when all of them answer: the one named in the environment, else the one that runs
 * already for this checkout, else a new one, whose programs are installed where that is possible and allowed.
 *
 * @param {readonly string[]} [names] default the usual ones
 * @param {object} [options]
 * @param {(line: string) => void} [options.log] told what is done
 * @param {readonly string[]} [options.required] names that must not be skipped. Default from `BUSBAR_REQUIRE_BROKERS`
 * @param {NodeJS.ProcessEnv} [options.env]
 * @returns {Promise<Map<string, AvailableBroker | SkippedBroker>>} rejects with a BrokersUnavailableError, after all were tried, when
 *   one does not start or answer or a required one is skipped
 */
export async function ensureBrokers(
  names = usualBrokerNames,
  { log = () => {}, env = process.env, required = requiredBrokers(env) } = {},
) {
  const kinds = [...new Set(names)].map(brokerKind);
  const allowed = mayInstall(env);
  await sweepOrphans(log);
  const outcomes = await Promise.allSettled(kinds.map((kind) => obtain(kind, { allowed, env, log })));

  /** @type {Map<string, AvailableBroker | SkippedBroker>} */
  const brokers = new Map();
  /** @type {Map<string, string>} */
  const failures = new Map();
  for (const [index, { name }] of kinds.entries()) {
    const outcome = outcomes[index];
    if (outcome?.status === "fulfilled") {
      brokers.set(name, outcome.value);
      if ("skipped" in outcome.value && required.includes(name)) {
        failures.set(name, `${name} is required but skipped: ${outcome.value.skipped}`);
      }
    } else {
      failures.set(name, messageOf(outcome?.reason));
    }
  }
  if (failures.size > 0) {
    throw new BrokersUnavailableError(failures, brokers);
  }
  return brokers;
}

/** Says which brokers could not be had though they must be, and keeps the ones that could. */
export class BrokersUnavailableError extends Error {
  /**
   * @param {ReadonlyMap<string, string>} failures
   * @param {ReadonlyMap<string, AvailableBroker | SkippedBroker>} brokers
   */
  constructor(failures, brokers) {
    super([...failures.values()].join("\n"));
    this.name = "BrokersUnavailableError";
    this.failures = failures;
    this.brokers = brokers;
  }
}

/**
 * @param {BrokerKind} kind
 * @param {{ allowed: boolean, env: NodeJS.ProcessEnv, log: (line: string) => void }} options
 * @returns {Promise<AvailableBroker | SkippedBroker>}
 */
async function obtain(kind, { allowed, env, log }) {
  const urls = urlsFromEnvironment(kind, env);
  if (urls !== undefined) {
    return fromEnvironment(kind, urls);
  }
  ensureStateFolder(brokersFolder);
  return withFileLock(
    lockOf(kind.name),
    async () => {
      const folder = sharedFolder(kind.name);
      const record = readRecord(folder);
      if (record !== undefined && (await answers(kind, record))) {
        return available(record, "recorded");
      }
      if (record !== undefined) {
        log(`${kind.name} was started before and is gone, silent or half started; clearing it away …`);
      }
      await removeInstance(folder, { signal: "SIGKILL" });
      const found = await providePrograms(kind, { allowed, log });
      if ("skipped" in found) {
        return { name: kind.name, ...found };
      }
      return available(await startShared(kind, found, record?.ports ?? {}, log), "started");
    },
    { onWait: (pid) => log(`waiting for process ${pid}, which is at work on ${kind.name} …`) },
  );
}

/**
 * @param {BrokerKind} kind
 * @param {Record<string, string>} urls
 * @returns {Promise<AvailableBroker>}
 */
async function fromEnvironment(kind, urls) {
  try {
    const { version } = await whenReady(kind.endpoints, { urls }, { timeoutMs: 10_000 });
    const [url = ""] = Object.values(urls);
    return { name: kind.name, url, urls, source: "environment", ...(version === undefined ? {} : { version }) };
  } catch (error) {
    throw new Error(`${mainVariable(kind.name)} names a broker that does not answer: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * @param {BrokerKind} kind
 * @param {Found} found
 * @param {Record<string, number>} preferredPorts
 * @param {(line: string) => void} log
 * @returns {Promise<InstanceRecord>}
 */
async function startShared(kind, found, preferredPorts, log) {
  const folder = sharedFolder(kind.name);
  for (let attempt = 1; ; attempt += 1) {
    const instance = await BrokerInstance.create(kind, found, {
      folder,
      preferredPorts: attempt === 1 ? preferredPorts : {},
    });
    const address = new URL(instance.url).host;
    log(`starting ${kind.name} on ${address} …`);
    const begin = performance.now();
    try {
      await instance.start();
      log(
        `${kind.name} ${instance.version ?? ""} ready on ${address} in ${((performance.now() - begin) / 1000).toFixed(1)} s`,
      );
      const record = readRecord(folder);
      if (record === undefined) {
        throw new Error(`the record in ${folder} vanished while ${kind.name} started`);
      }
      return record;
    } catch (error) {
      // Between choosing a port and listening on it somebody outside of this checkout may have taken it.
      if (!(error instanceof BrokerStartError && error.isPortTaken && attempt < 3)) {
        throw error;
      }
      log(`${kind.name} found a port taken, trying others …`);
      await removeInstance(folder, { signal: "SIGKILL" });
    }
  }
}
