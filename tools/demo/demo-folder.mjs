import { join } from "node:path";

import { checkoutFolder, ensureStateFolder } from "../brokers/checkout.mjs";

/**
 * Creates the folder of what demos write, which version control ignores, and returns its path.
 *
 * @param {string} [name] of a folder within
 * @returns {string}
 */
export function ensureDemoFolder(name = ".") {
  const folder = join(checkoutFolder, ".busbar", "demo", name);
  ensureStateFolder(folder);
  return folder;
}
