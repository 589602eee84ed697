import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { rootFolder } from "./root-folder.mjs";

/**
 * One package of this monorepo.
 *
 * @typedef {object} WorkspacePackage
 * @property {string} folder its path from the root
 * @property {string} directory the last part of that path
 * @property {Record<string, any>} manifest
 */

/**
 * Reads the package.json of every package.
 *
 * @returns {readonly WorkspacePackage[]}
 */
export function workspacePackages() {
  return readdirSync(join(rootFolder, "packages"))
    .filter((directory) => existsSync(join(rootFolder, "packages", directory, "package.json")))
    .map((directory) => {
      const folder = `packages/${directory}`;
      return {
        folder,
        directory,
        manifest: JSON.parse(readFileSync(join(rootFolder, folder, "package.json"), "utf8")),
      };
    });
}
