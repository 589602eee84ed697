import { spawn } from "node:child_process";

import { rootFolder } from "./root-folder.mjs";

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/** @type {NodeJS.Signals | undefined} */
let interruptedBy;

const patienceMs = 20_000;

/**
 * Returns the signal that asked this run to end, if one did.
 *
 * @returns {NodeJS.Signals | undefined}
 */
export function interruption() {
  return interruptedBy;
}

/**
 * Lets SIGINT, SIGTERM and SIGHUP end the programs that run, but not this one, which has brokers to take down.
 *
 * @param {(signal: NodeJS.Signals) => void} onFirst
 */
export function endChildrenOnSignals(onFirst) {
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      const isFirst = interruptedBy === undefined;
      interruptedBy ??= signal;
      for (const child of running) {
        child.kill(signal);
      }
      if (isFirst) {
        onFirst(signal);
        setTimeout(() => {
          for (const child of running) {
            child.kill("SIGKILL");
          }
        }, patienceMs).unref();
      }
    });
  }
}

/**
 * Runs a program in the checkout, on this terminal, and resolves with its exit code once it ended; at once when the run was interrupted.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, output?: number }} [options] `output` is the open file that takes what it prints, instead of the terminal
 * @returns {Promise<{ code: number }>}
 */
export function runChild(program, args, { env = process.env, output } = {}) {
  if (interruptedBy !== undefined) {
    return Promise.resolve({ code: 130 });
  }
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: rootFolder,
      env,
      stdio: ["ignore", output ?? "inherit", output ?? "inherit"],
    });
    running.add(child);
    child.once("error", (error) => {
      running.delete(child);
      reject(error);
    });
    child.once("exit", (code) => {
      running.delete(child);
      resolve({ code: code ?? 128 });
    });
  });
}
