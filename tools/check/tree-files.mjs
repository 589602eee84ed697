import { existsSync } from "node:fs";
import { join } from "node:path";

import { CheckerError } from "./checker.mjs";
import { rootFolder } from "./root-folder.mjs";
import { runProgram } from "./run-program.mjs";

/** @type {Promise<readonly string[]> | undefined} */
let listed;

/**
 * Returns the paths, from the root, of all files that version control has or would take.
 *
 * @returns {Promise<readonly string[]>}
 */
export function treeFiles() {
  listed ??= list();
  return listed;
}

async function list() {
  const { code, stdout, stderr } = await runProgram("git", [
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
  ]);
  if (code !== 0) {
    throw new CheckerError("git could not list the files of this checkout.", stderr);
  }
  const paths = [...new Set(stdout.split("\0"))].filter((path) => path !== "" && existsSync(join(rootFolder, path)));
  if (paths.length === 0) {
    throw new CheckerError("git lists no file in this checkout.");
  }
  return paths;
}

/**
 * Tells whether a path is a source that is published.
 *
 * @param {string} path
 * @returns {boolean}
 */
export function isPackageSource(path) {
  return /^packages\/[^/]+\/src\/.*\.ts$/.test(path);
}
