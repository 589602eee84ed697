import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runChild } from "./children.mjs";
import { rootFolder } from "./root-folder.mjs";
import { runVariable } from "./url-variables.mjs";

/** @import { Totals } from "./totals.mjs" */

/**
 * Names the file for the counting reporter.
 *
 * @type {string}
 */
export const countsVariable = "BUSBAR_TEST_COUNTS";

/**
 * Runs the suites and resolves with their totals; a run that broke or found no test counts as one failed.
 *
 * @param {object} plan
 * @param {readonly string[]} plan.projects
 * @param {readonly string[]} plan.vitestArgs
 * @param {Record<string, string>} plan.urls variables with the URLs of brokers
 * @param {number} [plan.output] the open file that takes what is printed, instead of the terminal
 * @returns {Promise<Totals>}
 */
export async function runSuites({ projects, vitestArgs, urls, output }) {
  const folder = mkdtempSync(join(tmpdir(), "busbar-run-"));
  const countsFile = join(folder, "counts.json");
  const reporters = [
    ...(vitestArgs.some((arg) => arg.startsWith("--reporter")) ? [] : ["--reporter=default"]),
    `--reporter=${join(rootFolder, "tools", "test", "counting-reporter.mjs")}`,
  ];
  const args = [
    join(rootFolder, "node_modules", "vitest", "vitest.mjs"),
    "run",
    ...projects.flatMap((name) => ["--project", name]),
    ...reporters,
    ...vitestArgs,
  ];
  try {
    // Whatever suites and vitest leave there goes with this run: vitest leaves the modules that it made where it is ended early.
    const temporary = join(folder, "tmp");
    mkdirSync(temporary);
    const env = { ...process.env, ...urls, TMPDIR: temporary, [runVariable]: "named", [countsVariable]: countsFile };
    const { code } = await runChild(process.execPath, args, { env, ...(output === undefined ? {} : { output }) });
    /** @type {Totals} */
    const totals = existsSync(countsFile)
      ? JSON.parse(readFileSync(countsFile, "utf8"))
      : { passed: 0, failed: 0, skipped: 0 };
    return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
