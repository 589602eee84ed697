import { runProgram } from "../run-program.mjs";
import { twoAtATime } from "../two-at-a-time.mjs";
import { unpackedPackages } from "../unpacked-packages.mjs";

/** @import { Checker } from "../checker.mjs" */

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
    const faults = await twoAtATime(installation.entries, async ({ specifier, origin }) => {
      const args = ["--input-type=module", "--eval", `await import("${specifier}")`];
      const { code, stderr } = await runProgram(process.execPath, args, { cwd: installation.folder });
      if (code === 0) {
        return [];
      }
      const [reason = "it ended without a word"] = stderr.match(/^\w*Error.*$/m) ?? [];
      const what = `${specifier}: ${reason.replaceAll(installation.folder, "…")}`;
      return [{ rule: "entry-does-not-load", where: `${origin}/package.json`, what }];
    });
    return { seen: `${installation.entries.length} entries`, faults: faults.flat() };
  },
};
