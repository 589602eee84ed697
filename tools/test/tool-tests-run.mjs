import { mkdtempSync, existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runChild } from "./children.mjs";
import { rootFolder } from "./root-folder.mjs";

/** @import { Totals } from "./totals.mjs" */

/**
 * Runs the tests of the tools, which need nothing but Node, and resolves with their totals; a run that broke counts as one failed.
 *
 * @returns {Promise<Totals>}
 */
export async function runToolTests() {
  const tools = join(rootFolder, "tools");
  const files = readdirSync(tools, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.mjs"))
    .map((path) => join(tools, path));
  if (files.length === 0) {
    return { passed: 0, failed: 0, skipped: 0 };
  }
  const folder = mkdtempSync(join(tmpdir(), "busbar-counts-"));
  const tapFile = join(folder, "tests.tap");
  const reporters = ["spec", "tap"].flatMap((name) => [
    `--test-reporter=${name}`,
    `--test-reporter-destination=${name === "tap" ? tapFile : "stdout"}`,
  ]);
  try {
    const { code } = await runChild(process.execPath, ["--test", "--test-timeout=300000", ...reporters, ...files]);
    const tap = existsSync(tapFile) ? readFileSync(tapFile, "utf8") : "";
    const count = (/** @type {string} */ word) => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(tap)?.[1] ?? 0);
    const failed = count("fail") + count("cancelled");
    return {
      passed: count("pass"),
      failed: code !== 0 && failed === 0 ? 1 : failed,
      skipped: count("skipped") + count("todo"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
