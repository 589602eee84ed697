import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Returns a text that no other process on this machine ever shares, even under the same id after a reboot; `undefined` when
 * no such process runs (one that ended and was not yet reaped counts as gone).
 *
 * @param {number} pid
 * @returns {string | undefined}
 */
export function processIdentity(pid) {
  return process.platform === "linux" ? identityFromProc(pid) : identityFromPs(pid);
}

/**
 * Tells whether the process that once had this id and identity still runs.
 *
 * @param {number | undefined} pid
 * @param {string | undefined} identity
 * @returns {boolean}
 */
export function isSameProcess(pid, identity) {
  return pid !== undefined && identity !== undefined && processIdentity(pid) === identity;
}

/** @param {number} pid */
function identityFromProc(pid) {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) {
    return undefined;
  }
  // The command name stands in parentheses and may hold blanks and parentheses itself, so fields are counted from the last one.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startTicks = fields[18];
  if (state === "Z" || state === "X" || startTicks === undefined) {
    return undefined;
  }
  return `${readProc("/proc/sys/kernel/random/boot_id")?.trim()}:${startTicks}`;
}

/** @param {string} path */
function readProc(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function identityFromPs(pid) {
  try {
    const [state, ...started] = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .split(/\s+/);
    return state === undefined || state.startsWith("Z") ? undefined : started.join(" ");
  } catch {
    return undefined;
  }
}
