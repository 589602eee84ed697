import { answers, available } from "./available-broker.mjs";
import { urlsFromEnvironment } from "./environment.mjs";
import { ephemeralRecords, isAlive, readRecord, sharedFolder, sweepOrphans } from "./instance-record.mjs";
import { brokerKind, brokerNames } from "./known-brokers.mjs";
import { whenReady } from "./readiness.mjs";
import { messageOf } from "./thrown.mjs";

/** @import { BrokerKind } from "./broker-kind.mjs" */
/** @import { AvailableBroker } from "./available-broker.mjs" */

/**
 * A broker that does not answer now.
 *
 * @typedef {object} AbsentBroker
 * @property {string} name of the broker
 * @property {string} absent why
 */

/**
 * A private instance of a test that runs now.
 *
 * @typedef {object} PrivateInstance
 * @property {string} name of the broker
 * @property {string} folder where it lives
 * @property {Record<string, string>} urls of its endpoints by name
 * @property {number} [pid] of its leading process, once there is one
 * @property {number} [ownerPid] of the process it ends with
 */

/**
 * Tells which brokers answer now, without starting or installing anything; private instances whose owner is gone are removed.
 *
 * @param {readonly string[]} [names] default all known ones
 * @param {{ log?: (line: string) => void, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ brokers: Map<string, AvailableBroker | AbsentBroker>, instances: PrivateInstance[] }>}
 */
export async function brokerStatus(names = brokerNames, { log = () => {}, env = process.env } = {}) {
  const kinds = [...new Set(names)].map(brokerKind);
  await sweepOrphans(log);
  const states = await Promise.all(kinds.map((kind) => stateOf(kind, env)));
  const instances = ephemeralRecords()
    .filter(({ name }) => kinds.some((kind) => kind.name === name))
    .map(({ name, folder, urls, pid, owner }) => ({
      name,
      folder,
      urls,
      ...(pid === undefined ? {} : { pid }),
      ...(owner === undefined ? {} : { ownerPid: owner.pid }),
    }));
  return { brokers: new Map(states.map((state) => [state.name, state])), instances };
}

/**
 * @param {BrokerKind} kind
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<AvailableBroker | AbsentBroker>}
 */
async function stateOf(kind, env) {
  const { name } = kind;
  const urls = urlsFromEnvironment(kind, env);
  if (urls !== undefined) {
    const failure = await whenReady(kind.endpoints, { urls }, { timeoutMs: 0 }).then(() => undefined, messageOf);
    return failure === undefined
      ? { name, url: Object.values(urls)[0] ?? "", urls, source: "environment" }
      : { name, absent: `named in the environment, but ${failure}` };
  }
  const record = readRecord(sharedFolder(name));
  if (record === undefined) {
    return { name, absent: "not started" };
  }
  if (record.readyAt === undefined) {
    return { name, absent: "starting, or its start was interrupted" };
  }
  if (!isAlive(record)) {
    return { name, absent: "started before, but its process is gone" };
  }
  return (await answers(kind, record))
    ? available(record, "recorded")
    : { name, absent: `process ${record.pid} runs but does not answer` };
}
