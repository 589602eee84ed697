import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { rootFolder } from "../root-folder.mjs";
import { runNpm } from "../run-program.mjs";
import { treeFiles } from "../tree-files.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * Traces of the machine that a file was written on.
 *
 * @type {Checker}
 */
export const selfTalk = {
  name: "self-talk",
  about: "no path of somebody's machine, no host of a package registry",
  async run() {
    const { stdout } = await runNpm(["config", "get", "registry"]);
    const registry = /^https?:\/\/([^/\s]+)/m.exec(stdout)?.[1];
    /** @type {[rule: string, pattern: RegExp][]} */
    const patterns = [
      ["machine-path", /(?<![\w.~*-])\/(?:root|work|home\/[a-z][\w-]*|Users\/\w+)\/[\w.-]+/],
      ["machine-path", /\b[A-Z]:\\Users\\\w/],
      ...[rootFolder, homedir()]
        .filter((folder) => folder.length > 2)
        .map((folder) => /** @type {[string, RegExp]} */ (["machine-path", literally(folder)])),
      ["registry-host", /\bregistry\.(?:[\w-]+\.)+(?:org|com|net|io|dev|cn|cloud|internal|local)\b/],
      ["registry-host", /"resolved": "https?:/],
      ...(registry === undefined ? [] : [/** @type {[string, RegExp]} */ (["registry-host", literally(registry)])]),
    ];
    const paths = await treeFiles();
    const faults = paths.flatMap((path) => {
      const lines = readFileSync(join(rootFolder, path), "utf8").split("\n");
      return lines.flatMap((line, index) => {
        const found = patterns.find(([, pattern]) => pattern.test(line));
        const what = found?.[1].exec(line)?.[0] ?? "";
        return found === undefined
          ? []
          : [{ rule: found[0], where: `${path}:${index + 1}`, what: `it says ${what.slice(0, 60)}` }];
      });
    });
    return { seen: `${paths.length} files`, faults };
  },
};

/** @param {string} text */
function literally(text) {
  return new RegExp(`(?<![\\w./-])${text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w.-])`);
}
