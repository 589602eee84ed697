import { existsSync } from "node:fs";
import { join } from "node:path";

import { CheckerError } from "../checker.mjs";
import { rootFolder } from "../root-folder.mjs";
import { runTool } from "../run-program.mjs";
import { isPackageSource, treeFiles } from "../tree-files.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * Imports that go the wrong way.
 *
 * @type {Checker}
 */
export const layers = {
  name: "layers",
  about: "dependency-cruiser: imports go one way, adapters see the contract only",
  async run() {
    const folders = ["packages", "examples", "integration", "bench", "tools"].filter((name) =>
      existsSync(join(rootFolder, name)),
    );
    const { stdout, stderr } = await runTool("depcruise", [
      "--config",
      ".dependency-cruiser.mjs",
      "--output-type",
      "json",
      ...folders,
    ]);
    /** @type {{ modules: { source: string }[], summary: { violations: { rule: { name: string }, from: string, to: string, cycle?: { name: string }[] }[] } }} */
    let report;
    try {
      report = JSON.parse(stdout);
    } catch (error) {
      throw new CheckerError(
        `depcruise printed no report (${/** @type {Error} */ (error).message}).`,
        `${stdout}\n${stderr}`,
      );
    }
    const seen = new Set(report.modules.map(({ source }) => source));
    const expected = (await treeFiles()).filter(isPackageSource);
    const unseen = expected.filter((path) => !seen.has(path));
    if (expected.length === 0 || unseen.length > 0) {
      throw new CheckerError(
        `depcruise did not see ${unseen.length} of ${expected.length} sources: ${unseen.slice(0, 5).join(", ")}`,
      );
    }
    const faults = report.summary.violations.map(({ rule, from, to, cycle = [] }) => ({
      rule: rule.name,
      where: from,
      what:
        cycle.length === 0 ? `imports ${to}` : `imports itself by way of ${cycle.map(({ name }) => name).join(" → ")}`,
    }));
    return { seen: `${seen.size} modules`, faults };
  },
};
