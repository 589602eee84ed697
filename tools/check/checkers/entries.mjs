import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CheckerError } from "../checker.mjs";
import { packedPackages } from "../packed-packages.mjs";
import { rootFolder } from "../root-folder.mjs";
import { runProgram } from "../run-program.mjs";

/** @import { Checker, Fault } from "../checker.mjs" */

/**
 * Whether plain Node loads every entry of the packed packages, in a folder that knows nothing of this one's sources.
 *
 * @type {Checker}
 */
export const entries = {
  name: "entries",
  about: "plain Node loads every entry of the packed packages",
  async run() {
    const packages = await packedPackages();
    const folder = mkdtempSync(join(tmpdir(), "busbar-entries-"));
    try {
      for (const { folder: origin, manifest, tarball } of packages) {
        await unpack(tarball, join(folder, "node_modules", manifest["name"]));
        const ownModules = join(rootFolder, origin, "node_modules");
        if (existsSync(ownModules)) {
          linkModules(ownModules, join(folder, "node_modules", manifest["name"], "node_modules"));
        }
      }
      linkModules(join(rootFolder, "node_modules"), join(folder, "node_modules"));
      /** @type {Fault[]} */
      const faults = [];
      let seen = 0;
      for (const { folder: origin, manifest } of packages) {
        for (const entry of Object.keys(manifest["exports"]).filter((name) => !name.endsWith(".json"))) {
          const specifier = join(manifest["name"], entry);
          const { code, stderr } = await runProgram(
            process.execPath,
            ["--input-type=module", "--eval", `await import("${specifier}")`],
            { cwd: folder },
          );
          seen += 1;
          if (code !== 0) {
            const [reason = "it ended without a word"] = stderr.match(/^\w*Error.*$/m) ?? [];
            faults.push({
              rule: "entry-does-not-load",
              where: `${origin}/package.json`,
              what: `${specifier}: ${reason.replaceAll(folder, "…")}`,
            });
          }
        }
      }
      return { seen: `${seen} entries`, faults };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/**
 * @param {string} tarball
 * @param {string} target
 */
async function unpack(tarball, target) {
  mkdirSync(target, { recursive: true });
  const { code, stderr } = await runProgram("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
  if (code !== 0) {
    throw new CheckerError("tar did not unpack a tarball.", stderr);
  }
}

/**
 * Links what is installed in one folder into another, except for what is there already.
 *
 * @param {string} from
 * @param {string} to
 */
function linkModules(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith("@") && name !== "@busbar") {
      linkModules(join(from, name), join(to, name));
    } else if (!name.startsWith(".") && !existsSync(join(to, name))) {
      symlinkSync(join(from, name), join(to, name));
    }
  }
}
