import { writeFileSync } from "node:fs";

import { countsVariable } from "./vitest-run.mjs";

/** @import { SerializedError } from "vitest" */
/** @import { Reporter, TestModule } from "vitest/node" */

/**
 * Writes the totals of a vitest run into the file that `BUSBAR_TEST_COUNTS` names. What fails outside of a test counts as a failed one.
 *
 * @implements {Reporter}
 */
export default class CountingReporter {
  /**
   * @param {readonly TestModule[]} modules
   * @param {readonly SerializedError[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      for (const suite of [module, ...module.children.allSuites()]) {
        totals.failed += suite.errors().length > 0 ? 1 : 0;
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        totals[state === "pending" ? "skipped" : state] += 1;
      }
    }
    writeFileSync(process.env[countsVariable] ?? "", JSON.stringify(totals));
  }
}
