import { CheckerError } from "../checker.mjs";
import { compilerFaults } from "../compiler-output.mjs";
import { runTool } from "../run-program.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * Sources, tests, examples and tools in one program, without a build.
 *
 * @type {Checker}
 */
export const types = {
  name: "types",
  about: "tsc over sources, tests, examples and tools",
  async run() {
    const { code, stdout, stderr } = await runTool("tsc", [
      "-p",
      "tsconfig.check.json",
      "--pretty",
      "false",
      "--listFiles",
    ]);
    const faults = compilerFaults(stdout);
    const files = stdout
      .split("\n")
      .filter((line) => /^\S+\.(ts|mjs)$/.test(line) && !line.includes("node_modules")).length;
    if (files === 0 || (code !== 0 && faults.length === 0)) {
      throw new CheckerError("tsc did not check.", `${stdout}\n${stderr}`);
    }
    return { seen: `${files} files`, faults };
  },
};
