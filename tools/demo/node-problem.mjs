import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Why this Node cannot run the checkout, or `undefined` when it can.
 *
 * @param {string} folder of the checkout
 * @param {string} [version] of Node
 * @returns {string | undefined}
 */
export function nodeProblem(folder, version = process.versions.node) {
  const wanted = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).engines.node.replace(/^>=/, "");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = wanted.split(".").map(Number);
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return isEnough ? undefined : `This is Node ${version}; the demo needs ${wanted} or later.`;
}
