import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { isSameProcess, processIdentity } from "./process-identity.mjs";
import { codeOf } from "./thrown.mjs";

let attempts = 0;

/**
 * Runs the work while no other process holds the same lock file, and waits for its turn; a lock whose holder is gone is taken over.
 *
 * @template Result
 * @param {string} path its folder must exist
 * @param {() => Promise<Result>} work
 * @param {{ onWait?: (holderPid: number) => void, pollMs?: number }} [options] `onWait` is called once when somebody else is found at work
 * @returns {Promise<Result>}
 */
export async function withFileLock(path, work, { onWait, pollMs = 100 } = {}) {
  let told = false;
  for (;;) {
    if (tryTake(path)) {
      break;
    }
    const holder = readHolder(path);
    if (holder !== undefined && !isSameProcess(holder.pid, holder.identity)) {
      removeStale(path, holder.token);
      continue;
    }
    if (!told && holder !== undefined) {
      told = true;
      onWait?.(holder.pid);
    }
    await sleep(pollMs);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** @param {string} path */
function tryTake(path) {
  attempts += 1;
  const token = `${process.pid}-${attempts}`;
  const draft = `${path}.${token}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid), token }));
  try {
    // A link appears with its whole content or not at all, so nobody ever reads a half-written lock.
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") {
      throw error;
    }
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * @param {string} path
 * @returns {{ pid: number, identity: string | undefined, token: string } | undefined}
 */
function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      return undefined;
    }
    throw new Error(`${path} is not a lock of ours; remove it if no other run is at work.`, { cause: error });
  }
}

/**
 * @param {string} path
 * @param {string} token
 */
function removeStale(path, token) {
  const aside = `${path}.stale-${process.pid}-${attempts}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  // Between the reading and the renaming somebody may have taken it over and hold it now: then it goes back.
  if (readHolder(aside)?.token !== token) {
    try {
      linkSync(aside, path);
    } catch {
      // A third one was faster; it and the holder we displaced are both told by their work being idempotent.
    }
  }
  rmSync(aside, { force: true });
}
