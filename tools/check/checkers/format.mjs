import { CheckerError } from "../checker.mjs";
import { runTool } from "../run-program.mjs";
import { treeFiles } from "../tree-files.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * Every file as oxfmt writes it.
 *
 * @type {Checker}
 */
export const format = {
  name: "format",
  about: 'oxfmt: files that "npm run format" would change',
  async run() {
    const { code, stdout, stderr } = await runTool("oxfmt", ["--check", "."]);
    const seen = Number(/on (\d+) files?/.exec(`${stdout}${stderr}`)?.[1] ?? 0);
    const ours = new Set(await treeFiles());
    const faults = stdout
      .split("\n")
      .map((line) => line.replace(/ \(\d+m?s\)$/, "").trim())
      .filter((path) => ours.has(path))
      .map((path) => ({ rule: "format", where: path, what: 'not as "npm run format" writes it' }));
    if (seen === 0 || (code !== 0 && faults.length === 0)) {
      throw new CheckerError("oxfmt did not check.", `${stdout}\n${stderr}`);
    }
    return { seen: `${seen} files`, faults };
  },
};
