import { CheckerError } from "./checker.mjs";
import { compilerFaults } from "./compiler-output.mjs";
import { runTool } from "./run-program.mjs";

/** @import { Finding } from "./checker.mjs" */

/** @type {Promise<Finding> | undefined} */
let built;

/**
 * Builds every package, once for this process, and resolves with the compiler's faults.
 *
 * @returns {Promise<Finding>}
 */
export function buildPackages() {
  built ??= build();
  return built;
}

/** @returns {Promise<Finding>} */
async function build() {
  const { code, stdout, stderr } = await runTool("turbo", [
    "run",
    "build",
    "--continue",
    "--concurrency=2",
    "--output-logs=errors-only",
    "--log-prefix=task",
  ]);
  const faults = stdout
    .split("\n")
    .flatMap((line) => {
      const [, name = "", text = ""] = /^@busbar\/([^:]+):build: (.*)$/.exec(line) ?? [];
      return compilerFaults(text, `packages/${name}/`);
    })
    .filter(
      (fault, index, all) =>
        all.findIndex((other) => other.where === fault.where && other.rule === fault.rule) === index,
    );
  const tasks = Number(/Tasks:\s+\d+ successful, (\d+) total/.exec(stdout)?.[1] ?? 0);
  if (tasks === 0 || (code !== 0 && faults.length === 0)) {
    throw new CheckerError("turbo did not build.", `${stdout}\n${stderr}`);
  }
  return { seen: `${tasks} packages`, faults };
}
