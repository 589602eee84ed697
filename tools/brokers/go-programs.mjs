import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";

import { ensureStateFolder } from "./checkout.mjs";
import { runToEnd } from "./run-to-end.mjs";

/**
 * Builds a program from its Go module into the target folder, which appears only when it is complete. Takes a minute or two.
 *
 * @param {object} order
 * @param {string} order.go path of the program
 * @param {string} order.program `module@version`
 * @param {string} order.target
 * @param {(line: string) => void} order.log
 * @returns {Promise<void>}
 */
export async function installGoProgram({ go, program, target, log }) {
  const draft = `${target}.${process.pid}`;
  ensureStateFolder(dirname(target));
  mkdirSync(draft, { recursive: true });
  try {
    log(`building ${program} (go) …`);
    await runToEnd(go, ["install", program], { env: { ...process.env, GOBIN: draft } });
    rmSync(target, { recursive: true, force: true });
    renameSync(draft, target);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
