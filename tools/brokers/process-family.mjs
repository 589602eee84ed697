import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { processIdentity } from "./process-identity.mjs";
import { codeOf } from "./thrown.mjs";

/**
 * The environment variable that every process of an instance inherits, so that its daemons are found even after they left its process group.
 *
 * @type {string}
 */
export const markVariable = "BUSBAR_BROKER_MARK";

/**
 * Lists the ids of all running processes that were started under the mark.
 *
 * @param {string} mark
 * @returns {number[]}
 */
export function processesUnder(mark) {
  const entry = `${markVariable}=${mark}`;
  return process.platform === "linux" ? fromProc(entry) : fromPs(entry);
}

/**
 * Ends every process under the mark and resolves when none is left: first the leader alone, which ends its children in order,
 * then its group and whatever left the group, and after `timeoutMs` all of them by SIGKILL.
 *
 * @param {object} family
 * @param {string} family.mark
 * @param {number | undefined} family.leader
 * @param {NodeJS.Signals} [family.signal] SIGKILL goes to all at once. Default SIGTERM
 * @param {number} family.timeoutMs
 * @returns {Promise<void>} rejects when a process survives even SIGKILL for ten seconds
 */
export async function endFamily({ mark, leader, signal = "SIGTERM", timeoutMs }) {
  const members = processesUnder(mark);
  if (members.length === 0) {
    return;
  }
  const ledBy = leader !== undefined && members.includes(leader) ? leader : undefined;
  if (signal !== "SIGKILL" && ledBy !== undefined) {
    send(ledBy, signal);
    // A frozen process takes no other signal before it goes on.
    signalAll(mark, undefined, "SIGCONT");
    await until(() => processIdentity(ledBy) === undefined, timeoutMs);
  }
  if (signal !== "SIGKILL") {
    signalAll(mark, ledBy, "SIGTERM");
    if (await until(() => processesUnder(mark).length === 0, Math.min(timeoutMs, 2_000))) {
      return;
    }
  }
  signalAll(mark, ledBy, "SIGKILL");
  if (!(await until(() => processesUnder(mark).length === 0, 10_000))) {
    throw new Error(`Processes ${processesUnder(mark).join(", ")} are still there after SIGKILL.`);
  }
}

/**
 * Sends one signal to every process under the mark.
 *
 * @param {string} mark
 * @param {NodeJS.Signals} signal
 */
export function signalFamily(mark, signal) {
  signalAll(mark, undefined, signal);
}

/**
 * Freezes every process under the mark, and returns once none of their threads runs any more: the signal alone takes effect a moment later, in which
 * a server may still answer.
 *
 * @param {string} mark
 */
export function freezeFamily(mark) {
  signalAll(mark, undefined, "SIGSTOP");
  if (process.platform !== "linux") {
    return;
  }
  const giveUpAt = Date.now() + 2_000;
  const turn = new Int32Array(new SharedArrayBuffer(4));
  while (
    processesUnder(mark)
      .flatMap(threadStates)
      .some((state) => state !== "T") &&
    Date.now() < giveUpAt
  ) {
    Atomics.wait(turn, 0, 0, 2);
  }
}

/**
 * @param {number} pid
 * @returns {string[]} as `/proc/<pid>/stat` writes them; none for a process that is gone
 */
function threadStates(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
      // The name in parentheses before it may hold anything.
      return stat.charAt(stat.lastIndexOf(")") + 2);
    });
  } catch {
    return [];
  }
}

/**
 * @param {string} mark
 * @param {number | undefined} leader
 * @param {NodeJS.Signals} signal
 */
function signalAll(mark, leader, signal) {
  const members = processesUnder(mark);
  if (leader !== undefined && members.includes(leader)) {
    send(-leader, signal);
  }
  for (const pid of members) {
    send(pid, signal);
  }
}

/**
 * @param {number} target a process, or a process group when negative
 * @param {NodeJS.Signals} signal
 */
function send(target, signal) {
  try {
    process.kill(target, signal);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") {
      throw error;
    }
  }
}

/**
 * @param {() => boolean} condition
 * @param {number} timeoutMs
 */
async function until(condition, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() >= deadline) {
      return false;
    }
    await sleep(25);
  }
  return true;
}

/** @param {string} entry */
function fromProc(entry) {
  const wanted = Buffer.from(`\0${entry}\0`);
  const found = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (Number.isInteger(pid) && environmentOf(pid).includes(wanted) && processIdentity(pid) !== undefined) {
      found.push(pid);
    }
  }
  return found;
}

/** @param {number} pid */
function environmentOf(pid) {
  try {
    return Buffer.concat([Buffer.of(0), readFileSync(`/proc/${pid}/environ`), Buffer.of(0)]);
  } catch {
    // Gone meanwhile, or somebody else's.
    return Buffer.alloc(0);
  }
}

/** @param {string} entry */
function fromPs(entry) {
  return execFileSync("ps", ["-A", "-E", "-ww", "-o", "pid=,stat=,command="], { encoding: "utf8", maxBuffer: 64 << 20 })
    .split("\n")
    .filter((line) => line.includes(entry) && !/^\s*\d+\s+Z/.test(line))
    .map((line) => Number.parseInt(line, 10));
}
