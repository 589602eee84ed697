import { readFileSync } from "node:fs";
import { join } from "node:path";

import { rootFolder } from "../root-folder.mjs";
import { isPackageSource, treeFiles } from "../tree-files.mjs";

/** @import { Checker, Fault } from "../checker.mjs" */

const declaration =
  /^export (?:declare |abstract |async )*(?:class|function\*?|const|interface|type|namespace) ([A-Za-z_$][\w$]*)/;

/**
 * House rules that no linter knows.
 *
 * @type {Checker}
 */
export const conventions = {
  name: "conventions",
  about: "a doc comment on every export, names that say something, no export of everything",
  async run() {
    const paths = (await treeFiles()).filter(
      (path) => isPackageSource(path) || /^tools\/(?!.*\.test\.mjs$).*\.mjs$/.test(path),
    );
    const faults = paths.flatMap((path) => [
      ...nameFaults(path),
      ...contentFaults(path, readFileSync(join(rootFolder, path), "utf8")),
    ]);
    return { seen: `${paths.length} files`, faults };
  },
};

/**
 * @param {string} path
 * @returns {Fault[]}
 */
function nameFaults(path) {
  const vague = path
    .split("/")
    .find((part) => /^(utils?|helpers?|common|misc|shared|lib)(\.|$)|-(utils?|helpers?|impl)(\.|$)/.test(part));
  return vague === undefined ? [] : [{ rule: "vague-name", where: path, what: `${vague} does not say what is in it` }];
}

/**
 * @param {string} path
 * @param {string} text
 * @returns {Fault[]}
 */
function contentFaults(path, text) {
  /** @type {Fault[]} */
  const faults = [];
  const lines = text.split("\n");
  const documented = new Set();
  for (const [index, line] of lines.entries()) {
    const where = `${path}:${index + 1}`;
    if (line.startsWith("export *")) {
      faults.push({ rule: "export-star", where, what: "name what is exported" });
    }
    const name = declaration.exec(line)?.[1];
    if (name === undefined || documented.has(name)) {
      continue;
    }
    const before = lines.slice(0, index).findLast((each) => !/^\s*(@|$)/.test(each)) ?? "";
    if (before.trimEnd().endsWith("*/") && !before.includes("@import")) {
      documented.add(name);
    } else {
      faults.push({ rule: "doc-comment", where, what: `${name} does not say what it promises` });
    }
  }
  return faults;
}
