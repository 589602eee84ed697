import { existsSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

const policyFile = "/usr/sbin/policy-rc.d";
const ours = "#!/bin/sh\n# busbar: packages installed for tests must not start their services\nexit 101\n";

/** @type {readonly NodeJS.Signals[]} */
const deferredSignals = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs the work while Debian packages may not start their services, and puts back whatever policy was there before. A signal
 * that would end this process is deferred until then. Must not run twice at once on one machine.
 *
 * @template Result
 * @param {() => Promise<Result>} work
 * @param {string} [path]
 * @returns {Promise<Result>}
 */
export async function withServicesHeldBack(work, path = policyFile) {
  const saved = `${path}.busbar-saved`;
  /** @type {NodeJS.Signals | undefined} */
  let deferred;
  const defer = (/** @type {NodeJS.Signals} */ signal) => {
    deferred = signal;
  };
  for (const signal of deferredSignals) {
    process.on(signal, defer);
  }
  try {
    if (isOurs(path)) {
      restore(path, saved);
    }
    if (isThere(path)) {
      renameSync(path, saved);
    }
    writeFileSync(path, ours, { mode: 0o755 });
    return await work();
  } finally {
    restore(path, saved);
    for (const signal of deferredSignals) {
      process.off(signal, defer);
    }
    if (deferred !== undefined) {
      process.kill(process.pid, deferred);
    }
  }
}

/**
 * @param {string} path
 * @param {string} saved
 */
function restore(path, saved) {
  if (isThere(saved)) {
    renameSync(saved, path);
  } else if (isOurs(path)) {
    rmSync(path);
  }
}

/** @param {string} path */
function isOurs(path) {
  return existsSync(path) && readFileSync(path, "utf8") === ours;
}

/** @param {string} path */
function isThere(path) {
  // A dangling link is a policy too, and goes back as it was.
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
