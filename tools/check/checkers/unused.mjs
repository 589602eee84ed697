import { CheckerError } from "../checker.mjs";
import { runTool } from "../run-program.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * Files, exports and dependencies that nothing needs, and dependencies that are not declared.
 *
 * @type {Checker}
 */
export const unused = {
  name: "unused",
  about: "knip: files, exports and dependencies without use, dependencies without declaration",
  async run() {
    const { code, stdout, stderr } = await runTool("knip", [
      "--reporter",
      "json",
      "--no-progress",
      "--treat-config-hints-as-errors",
    ]);
    /** @type {{ issues: ({ file: string } & Record<string, unknown>)[] }} */
    let report;
    try {
      report = JSON.parse(stdout);
    } catch (error) {
      throw new CheckerError(
        `knip printed no report (${/** @type {Error} */ (error).message}).`,
        `${stdout}\n${stderr}`,
      );
    }
    const faults = report.issues.flatMap(({ file, ...kinds }) =>
      Object.entries(kinds).flatMap(([kind, found]) =>
        Array.isArray(found)
          ? found.map((one) => ({ rule: kind, where: file, what: `${one.name ?? JSON.stringify(one)}` }))
          : [],
      ),
    );
    if (code !== 0 && faults.length === 0) {
      throw new CheckerError("knip did not check.", stderr);
    }
    return { seen: "every package, and the root", faults };
  },
};
