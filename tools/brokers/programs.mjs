import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

// Servers are often installed where only root looks.
const furtherFolders = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin", "/opt/homebrew/bin"];

/**
 * Returns the absolute path of an installed program, or `undefined`.
 *
 * @param {string} name
 * @param {readonly string[]} [firstFolders] searched before PATH
 * @returns {string | undefined}
 */
export function findProgram(name, firstFolders = []) {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...firstFolders, ...path, ...furtherFolders].map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * Runs a program that ends by itself and returns what it wrote, whatever its exit code; empty when it could not be run.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {string}
 */
export function outputOf(program, args) {
  const { stdout, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    timeout: 30_000,
    stdio: ["ignore", "pipe", "pipe"],
  });
  return `${stdout ?? ""}${stderr ?? ""}`;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
