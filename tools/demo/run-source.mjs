import { spawn } from "node:child_process";
import { join } from "node:path";

import { checkoutFolder } from "../brokers/checkout.mjs";

/**
 * What Node needs on its command line to run the TypeScript of this checkout without a build.
 *
 * @type {readonly string[]}
 */
export const sourceArguments = ["--conditions=@busbar/source", "--import", "tsx"];

/**
 * The environment for such a program: that of this process without settings of a bus that may stand there, and the given variables.
 *
 * @param {Record<string, string>} variables
 * @returns {NodeJS.ProcessEnv}
 */
export function sourceEnvironment(variables) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^BUSBAR_(CONFIG|URL|SERVICE|INSTANCE)$/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    TSX_TSCONFIG_PATH: join(checkoutFolder, "tsconfig.check.json"),
    ...variables,
  };
}

/**
 * Runs such a program on this terminal; resolves to its exit code.
 *
 * @param {readonly string[]} command the file and its arguments
 * @param {Record<string, string>} variables
 * @param {AbortSignal} [signal] asks it to end
 * @returns {Promise<number>}
 */
export function runSource(command, variables, signal) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...sourceArguments, ...command], {
      cwd: checkoutFolder,
      env: sourceEnvironment(variables),
      stdio: "inherit",
    });
    const end = () => child.kill("SIGTERM");
    signal?.addEventListener("abort", end);
    child.once("error", reject);
    child.once("close", (code) => {
      signal?.removeEventListener("abort", end);
      resolve(code ?? 130);
    });
  });
}
