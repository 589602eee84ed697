import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { rootFolder } from "./root-folder.mjs";

// Two runs in one checkout share its brokers: whichever started them, the last one to end takes them down.
const stateFolder = join(rootFolder, ".busbar");
const runsFolder = join(stateFolder, "test-runs");
const ownFile = join(runsFolder, String(process.pid));
const startedFile = join(runsFolder, "started.json");

/**
 * A broker that a test run started.
 *
 * @typedef {object} StartedBroker
 * @property {string} name
 * @property {number} pid
 */

/** Makes this run known to others of this checkout. */
export function joinRuns() {
  mkdirSync(runsFolder, { recursive: true });
  writeFileSync(join(stateFolder, ".gitignore"), "*\n");
  writeFileSync(ownFile, "");
}

/**
 * Notes brokers as started by a test run, so that one will take them down, even if this one is killed.
 *
 * @param {readonly StartedBroker[]} brokers
 */
export function noteStarted(brokers) {
  writeFileSync(startedFile, JSON.stringify([...startedBrokers(), ...brokers]));
}

/**
 * Ends the membership of this run and returns what is to be taken down now: nothing while another run goes on.
 *
 * @returns {readonly StartedBroker[]}
 */
export function leaveRuns() {
  rmSync(ownFile, { force: true });
  const others = readdirSync(runsFolder).filter((name) => /^\d+$/.test(name));
  const alive = others.filter((pid) => isRunning(Number(pid)));
  for (const pid of others.filter((each) => !alive.includes(each))) {
    rmSync(join(runsFolder, pid), { force: true });
  }
  if (alive.length > 0) {
    return [];
  }
  const started = startedBrokers();
  rmSync(startedFile, { force: true });
  return started;
}

/** @returns {readonly StartedBroker[]} */
function startedBrokers() {
  return existsSync(startedFile) ? JSON.parse(readFileSync(startedFile, "utf8")) : [];
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
