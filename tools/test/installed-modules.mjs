import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { rootFolder } from "./root-folder.mjs";
import { runChild } from "./children.mjs";

const stampFile = join(rootFolder, "node_modules", ".busbar-installed");

/**
 * Installs the development dependencies unless those of this very lock file are there, and resolves with whether they are.
 *
 * @param {(line: string) => void} log
 * @returns {Promise<boolean>}
 */
export async function ensureModules(log) {
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === lockStamp()) {
    return true;
  }
  const reason = existsSync(join(rootFolder, "node_modules"))
    ? "package-lock.json is not what was installed last"
    : "nothing is installed yet";
  log(`npm install: ${reason} …`);
  // Not "npm ci": it fails over optional programs for other platforms that a lock file made here does not list.
  // Not saved: npm would list the optional programs of other platforms anew, and change the checkout.
  const args = ["install", "--no-audit", "--no-fund", "--no-save"];
  const script = process.env["npm_execpath"];
  const { code } = script?.endsWith(".js")
    ? await runChild(process.execPath, [script, ...args])
    : await runChild("npm", args);
  if (code !== 0) {
    log(`npm install failed with exit code ${code}.`);
    return false;
  }
  writeFileSync(stampFile, lockStamp());
  return true;
}

function lockStamp() {
  return createHash("sha256")
    .update(readFileSync(join(rootFolder, "package-lock.json")))
    .digest("hex");
}
