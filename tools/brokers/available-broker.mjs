import { join } from "node:path";

import { mainEndpoint } from "./broker-kind.mjs";
import { isAlive } from "./instance-record.mjs";
import { whenReady } from "./readiness.mjs";

/** @import { BrokerKind } from "./broker-kind.mjs" */
/** @import { InstanceRecord } from "./instance-record.mjs" */

/**
 * A broker that answers.
 *
 * @typedef {object} AvailableBroker
 * @property {string} name as on the command line
 * @property {string} url of the main endpoint
 * @property {Record<string, string>} urls of all endpoints by name
 * @property {"environment" | "recorded" | "started"} source where it comes from: named by a variable, started earlier, started now
 * @property {string} [version] as far as the broker tells one
 * @property {number} [pid] absent when it is not ours
 * @property {Record<string, number>} [ports] absent when it is not ours
 * @property {string} [logFile] absent when it is not ours
 */

/**
 * Tells whether the recorded process is the one that was started, got ready once and answers at its main endpoint.
 *
 * @param {BrokerKind} kind
 * @param {InstanceRecord} record
 * @returns {Promise<boolean>}
 */
export async function answers(kind, record) {
  if (!isAlive(record) || record.readyAt === undefined) {
    return false;
  }
  const main = mainEndpoint(kind);
  const { urls, credentials } = record;
  return whenReady(
    kind.endpoints,
    { urls: { [main]: urls[main] ?? "" }, ...(credentials === undefined ? {} : { credentials }) },
    { timeoutMs: 10_000 },
  ).then(
    () => true,
    () => false,
  );
}

/**
 * Shows a recorded instance to callers.
 *
 * @param {InstanceRecord} record
 * @param {"recorded" | "started"} source
 * @returns {AvailableBroker}
 */
export function available({ name, urls, ports, folder, version, pid }, source) {
  return {
    name,
    url: Object.values(urls)[0] ?? "",
    urls,
    source,
    ports,
    logFile: join(folder, "broker.log"),
    ...(version === undefined ? {} : { version }),
    ...(pid === undefined ? {} : { pid }),
  };
}
