import { runProgram } from "../run-program.mjs";
import { unpackedPackages } from "../unpacked-packages.mjs";

/** @import { Checker, Fault } from "../checker.mjs" */

/**
 * Whether plain Node loads every entry of the packed packages.
 *
 * @type {Checker}
 */
export const entries = {
  name: "entries",
  about: "plain Node loads every entry of the packed packages",
  async run() {
    const installation = await unpackedPackages();
    /** @type {Fault[]} */
    const faults = [];
    for (const { specifier, origin } of installation.entries) {
      const args = ["--input-type=module", "--eval", `await import("${specifier}")`];
      const { code, stderr } = await runProgram(process.execPath, args, { cwd: installation.folder });
      if (code !== 0) {
        const [reason = "it ended without a word"] = stderr.match(/^\w*Error.*$/m) ?? [];
        const what = `${specifier}: ${reason.replaceAll(installation.folder, "…")}`;
        faults.push({ rule: "entry-does-not-load", where: `${origin}/package.json`, what });
      }
    }
    return { seen: `${installation.entries.length} entries`, faults };
  },
};
