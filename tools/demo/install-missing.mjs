import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Installs the packages of the checkout when one of them is missing or of another version than the lock file says. Throws an error that
 * says what to type when that does not work.
 *
 * @param {string} folder of the checkout
 * @param {(line: string) => void} log
 * @returns {void}
 */
export function installMissing(folder, log) {
  const missing = missingPackages(folder);
  if (missing.length === 0) {
    return;
  }
  const examples = missing.slice(0, 3).join(", ");
  log(
    `${missing.length} packages are missing (${examples}${missing.length > 3 ? ", …" : ""}); installing them, once …`,
  );
  // A shell finds npm on Windows too, where it is a script.
  const { status } = spawnSync("npm install --no-audit --no-fund --no-save", {
    cwd: folder,
    stdio: "inherit",
    shell: true,
  });
  if (status !== 0) {
    throw new Error(
      "npm install --no-audit --no-fund --no-save failed; what it says stands above. Mend that and start again.",
    );
  }
}

/**
 * The packages that the lock file asks for and that are not there, by name. Those for other platforms are not asked for.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function missingPackages(folder) {
  const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  return Object.entries(packages)
    .filter(([path, { optional }]) => path.includes("node_modules/") && optional !== true)
    .filter(
      ([path, { link, version }]) => !isThere(join(folder, path, "package.json"), link === true ? undefined : version),
    )
    .map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
}

/**
 * @param {string} manifest
 * @param {string | undefined} version any, where there is none
 */
function isThere(manifest, version) {
  return (
    existsSync(manifest) && (version === undefined || JSON.parse(readFileSync(manifest, "utf8")).version === version)
  );
}
