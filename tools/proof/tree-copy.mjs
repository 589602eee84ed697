import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { rootFolder } from "../check/root-folder.mjs";
import { runProgram } from "../check/run-program.mjs";
import { treeFiles } from "../check/tree-files.mjs";
import { workspacePackages } from "../check/workspace-packages.mjs";

/** @import { PlantedFault } from "./planted-fault.mjs" */

/**
 * A copy of this tree in a temporary folder, with what is installed here, in which faults are planted and mended.
 */
export class TreeCopy {
  /** @readonly */ folder = mkdtempSync(join(tmpdir(), "busbar-proof-"));

  /**
   * @returns {Promise<TreeCopy>}
   */
  static async create() {
    const copy = new TreeCopy();
    for (const path of await treeFiles()) {
      cpSync(join(rootFolder, path), join(copy.folder, path));
    }
    copy.#linkModules("node_modules");
    for (const { folder } of workspacePackages()) {
      copy.#linkModules(join(folder, "node_modules"));
    }
    await runProgram("git", ["init", "--quiet"], { cwd: copy.folder });
    return copy;
  }

  /**
   * Plants faults and returns what mends them.
   *
   * @param {readonly PlantedFault[]} faults
   * @returns {() => void}
   */
  plant(faults) {
    /** @type {Map<string, string | undefined>} */
    const before = new Map();
    for (const { file, plant } of faults) {
      const path = join(this.folder, file);
      const text = existsSync(path) ? readFileSync(path, "utf8") : undefined;
      if (!before.has(path)) {
        before.set(path, text);
      }
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, typeof plant === "string" ? plant : plant(text ?? ""));
    }
    return () => {
      for (const [path, text] of before) {
        if (text === undefined) {
          rmSync(path);
        } else {
          writeFileSync(path, text);
        }
      }
    };
  }

  /** Removes the copy. */
  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Links each installed package but those of this monorepo, which must be the copy's own.
   *
   * @param {string} path
   */
  #linkModules(path) {
    const from = join(rootFolder, path);
    if (!existsSync(from)) {
      return;
    }
    const to = join(this.folder, path);
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from).filter((each) => each !== "@busbar")) {
      symlinkSync(join(from, name), join(to, name));
    }
    if (path === "node_modules") {
      mkdirSync(join(to, "@busbar"));
      for (const { directory, folder } of workspacePackages()) {
        symlinkSync(join(this.folder, folder), join(to, "@busbar", directory));
      }
    }
  }
}
