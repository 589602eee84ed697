import { CheckerError } from "../checker.mjs";
import { runTool } from "../run-program.mjs";
import { treeFiles } from "../tree-files.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * What oxlint finds, with the rules that need types.
 *
 * @type {Checker}
 */
export const lint = {
  name: "lint",
  about: "oxlint with the rules that need types",
  async run() {
    const expected = (await treeFiles()).filter((path) => /\.(ts|mjs)$/.test(path)).length;
    const { stdout, stderr } = await runTool("oxlint", ["--format=json"]);
    /** @type {{ number_of_files: number, number_of_rules: number, diagnostics: { code?: string, message: string, filename?: string, labels?: { span: { line: number } }[] }[] }} */
    let report;
    try {
      report = JSON.parse(stdout);
    } catch (error) {
      throw new CheckerError(
        `oxlint printed no report (${/** @type {Error} */ (error).message}).`,
        `${stdout}\n${stderr}`,
      );
    }
    if (report.number_of_files < expected) {
      throw new CheckerError(`oxlint looked at ${report.number_of_files} of ${expected} files.`, stderr);
    }
    const faults = report.diagnostics.map(({ code = "oxlint", message, filename = "", labels = [] }) => ({
      rule: code.replace("(", "/").replace(")", ""),
      where: `${filename}:${labels[0]?.span.line ?? 0}`,
      what: message,
    }));
    return { seen: `${report.number_of_files} files, ${report.number_of_rules} rules`, faults };
  },
};
