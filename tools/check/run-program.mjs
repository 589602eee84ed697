import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { rootFolder } from "./root-folder.mjs";

/**
 * What a program left behind.
 *
 * @typedef {object} Ended
 * @property {number} code
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * Runs a program in the checkout, or in `cwd`, and resolves with what it printed, whatever its exit code; rejects when it cannot be started.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {Promise<Ended>}
 */
export async function runProgram(program, args, { cwd = rootFolder } = {}) {
  const child = spawn(program, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" },
  });
  const printed = { stdout: "", stderr: "" };
  for (const stream of /** @type {const} */ (["stdout", "stderr"])) {
    child[stream].setEncoding("utf8").on("data", (text) => {
      printed[stream] += text;
    });
  }
  const [code, signal] = await once(child, "close");
  return {
    code: typeof code === "number" ? code : 128,
    // Some take CI for a terminal with colours.
    stdout: stripVTControlCharacters(printed.stdout),
    stderr: stripVTControlCharacters(printed.stderr) + (signal === null ? "" : `ended by ${signal}`),
  };
}

/**
 * Runs a program that a development dependency brings.
 *
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {Promise<Ended>}
 */
export function runTool(name, args) {
  return runProgram(join(rootFolder, "node_modules", ".bin", name), args);
}

/**
 * Runs npm, the one that runs this where there is one.
 *
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {Promise<Ended>}
 */
export function runNpm(args, options) {
  const script = process.env["npm_execpath"];
  return script?.endsWith(".js")
    ? runProgram(process.execPath, [script, ...args], options)
    : runProgram("npm", args, options);
}
