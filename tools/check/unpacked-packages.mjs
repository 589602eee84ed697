import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CheckerError } from "./checker.mjs";
import { packedPackages } from "./packed-packages.mjs";
import { rootFolder } from "./root-folder.mjs";
import { runProgram } from "./run-program.mjs";

/**
 * An entry of a package.
 *
 * @typedef {object} Entry
 * @property {string} specifier as it is imported
 * @property {string} origin the package's folder from the root
 */

/**
 * A folder in which the packed packages are installed.
 *
 * @typedef {object} Installation
 * @property {string} folder
 * @property {readonly Entry[]} entries
 */

/** @type {Promise<Installation> | undefined} */
let installed;

/**
 * Installs the packed packages, once for this process, where nothing knows of this checkout's sources. What they depend on is linked.
 *
 * @returns {Promise<Installation>}
 */
export function unpackedPackages() {
  installed ??= install();
  return installed;
}

/** @returns {Promise<Installation>} */
async function install() {
  const packages = await packedPackages();
  const folder = mkdtempSync(join(tmpdir(), "busbar-installed-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  for (const { folder: origin, manifest, tarball } of packages) {
    const target = join(folder, "node_modules", manifest["name"]);
    await unpack(tarball, target);
    const ownModules = join(rootFolder, origin, "node_modules");
    if (existsSync(ownModules)) {
      linkModules(ownModules, join(target, "node_modules"));
    }
  }
  linkModules(join(rootFolder, "node_modules"), join(folder, "node_modules"));
  const entries = packages.flatMap(({ folder: origin, manifest }) =>
    Object.keys(manifest["exports"])
      .filter((entry) => !entry.endsWith(".json"))
      .map((entry) => ({ specifier: join(manifest["name"], entry), origin })),
  );
  return { folder, entries };
}

/**
 * @param {string} tarball
 * @param {string} target
 */
async function unpack(tarball, target) {
  mkdirSync(target, { recursive: true });
  const { code, stderr } = await runProgram("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
  if (code !== 0) {
    throw new CheckerError("tar did not unpack a tarball.", stderr);
  }
}

/**
 * Links what is installed in one folder into another, except for what is there already.
 *
 * @param {string} from
 * @param {string} to
 */
function linkModules(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((each) => each !== "@busbar" && !each.startsWith("."))) {
    if (name.startsWith("@")) {
      linkModules(join(from, name), join(to, name));
    } else if (!existsSync(join(to, name))) {
      symlinkSync(join(from, name), join(to, name));
    }
  }
}
