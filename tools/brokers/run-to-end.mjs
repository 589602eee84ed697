import { spawn } from "node:child_process";

/**
 * Runs a program silently and resolves when it ended well; otherwise rejects with the end of what it wrote.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<void>}
 */
export function runToEnd(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let written = "";
    const keep = (/** @type {Buffer} */ chunk) => {
      written = (written + chunk.toString("utf8")).slice(-8_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) {
        resolve();
      } else {
        const lines = written.trimEnd().split("\n").slice(-15).join("\n  ");
        reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? `code ${code}`}:\n  ${lines}`));
      }
    });
  });
}
