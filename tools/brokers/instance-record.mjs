import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { brokersFolder, ephemeralFolder } from "./checkout.mjs";
import { brokerNames } from "./known-brokers.mjs";
import { endFamily } from "./process-family.mjs";
import { isSameProcess } from "./process-identity.mjs";

/** @import { Credentials } from "./broker-kind.mjs" */

/**
 * What is remembered about an instance beside its data, so that another process can find, use and end it.
 *
 * @typedef {object} InstanceRecord
 * @property {string} name of the broker
 * @property {string} folder where it lives
 * @property {string} mark under which all its processes run
 * @property {Record<string, number>} ports all of them by name
 * @property {Record<string, string>} urls of its endpoints by name
 * @property {number} [pid] of the leading process, once there is one
 * @property {string} [identity] of that process
 * @property {string} [version] as far as the broker tells one
 * @property {string} [readyAt] absent while it starts
 * @property {Credentials} [credentials] that its clients must present
 * @property {{ pid: number, identity: string | undefined }} [owner] the process it must not outlive; absent when it stays until `down`
 */

const recordFile = "instance.json";

/**
 * The folder of the one instance that `up` keeps for a broker.
 *
 * @param {string} name
 * @returns {string}
 */
export function sharedFolder(name) {
  return join(brokersFolder, name);
}

/**
 * Names the lock under which the shared instance of a broker is started and stopped.
 *
 * @param {string} name
 * @returns {string}
 */
export function lockOf(name) {
  return join(brokersFolder, `${name}.lock`);
}

/**
 * Replaces the record in the instance's folder as a whole.
 *
 * @param {InstanceRecord} record
 */
export function writeRecord(record) {
  const path = join(record.folder, recordFile);
  writeFileSync(`${path}.new`, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/**
 * Reads the record in a folder; `undefined` when there is none.
 *
 * @param {string} folder
 * @returns {InstanceRecord | undefined}
 */
export function readRecord(folder) {
  const record = parseRecord(folder);
  // A checkout that was copied or moved holds records of what was started for another folder.
  return record?.folder === folder ? record : undefined;
}

/**
 * Lists the records of all instances of this checkout, alive or not.
 *
 * @returns {InstanceRecord[]}
 */
export function allRecords() {
  return [...brokerNames.map(sharedFolder), ...ephemeralFolders()]
    .map(readRecord)
    .filter((record) => record !== undefined);
}

/**
 * Lists the records of private instances.
 *
 * @returns {InstanceRecord[]}
 */
export function ephemeralRecords() {
  return ephemeralFolders()
    .map(readRecord)
    .filter((record) => record !== undefined);
}

/**
 * Tells whether the recorded process runs and is the one that was started, not another one under its id.
 *
 * @param {InstanceRecord} record
 * @returns {boolean}
 */
export function isAlive({ pid, identity }) {
  return isSameProcess(pid, identity);
}

/**
 * Tells whether the process for which an instance was started is gone.
 *
 * @param {InstanceRecord} record
 * @returns {boolean}
 */
export function isOrphaned({ owner }) {
  return owner !== undefined && !isSameProcess(owner.pid, owner.identity);
}

/**
 * Ends every process of the instance in a folder and removes the folder; nothing is left of it.
 *
 * @param {string} folder
 * @param {{ signal?: NodeJS.Signals, timeoutMs?: number }} [options]
 * @returns {Promise<boolean>} whether there was anything
 */
export async function removeInstance(folder, { signal = "SIGTERM", timeoutMs = 30_000 } = {}) {
  const record = parseRecord(folder);
  // In a copy the processes belong to the original; after a move there is nobody else left to end them.
  if (record !== undefined && (record.folder === folder || !existsSync(record.folder))) {
    await endFamily({ mark: record.mark, leader: isAlive(record) ? record.pid : undefined, signal, timeoutMs });
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  return record !== undefined;
}

/**
 * Removes every private instance whose owner is gone, and what a copied or moved checkout brought along.
 *
 * @param {(line: string) => void} log
 * @returns {Promise<void>}
 */
export async function sweepOrphans(log) {
  await Promise.all(
    ephemeralFolders().map(async (folder) => {
      const record = parseRecord(folder);
      if (record !== undefined && (record.folder !== folder || isOrphaned(record))) {
        log(`removing a private ${record.name} whose owner (process ${record.owner?.pid}) is gone …`);
        await removeInstance(folder, { signal: "SIGKILL" });
      }
    }),
  );
}

/**
 * @param {string} folder
 * @returns {InstanceRecord | undefined}
 */
function parseRecord(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, recordFile), "utf8"));
  } catch {
    return undefined;
  }
}

function ephemeralFolders() {
  try {
    return readdirSync(ephemeralFolder).map((entry) => join(ephemeralFolder, entry));
  } catch {
    return [];
  }
}
