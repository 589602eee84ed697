import { CheckerError } from "../checker.mjs";
import { packedPackages } from "../packed-packages.mjs";
import { runTool } from "../run-program.mjs";

/** @import { Checker, Fault } from "../checker.mjs" */

/**
 * Whether an ESM program finds the right types behind every entry of the packed packages.
 *
 * @type {Checker}
 */
export const attw = {
  name: "attw",
  about: "are the types wrong? over the packed packages, for ESM",
  async run() {
    const packages = await packedPackages();
    /** @type {Fault[]} */
    const faults = [];
    let seen = 0;
    for (const { folder, manifest, tarball } of packages) {
      const { stdout, stderr } = await runTool("attw", [tarball, "--profile", "esm-only", "--format", "json"]);
      /** @type {{ analysis?: { types?: unknown, entrypoints?: Record<string, unknown>, problems?: { kind: string, entrypoint?: string, resolutionKind?: string }[] } }} */
      let report;
      try {
        report = JSON.parse(stdout);
      } catch (error) {
        throw new CheckerError(
          `attw printed no report on ${folder} (${/** @type {Error} */ (error).message}).`,
          `${stdout}\n${stderr}`,
        );
      }
      const { types, entrypoints = {}, problems = [] } = report.analysis ?? {};
      // Without types attw has nothing to compare and reports no problem.
      if (types === undefined || types === false) {
        faults.push({ rule: "NoTypes", where: `${folder}/package.json`, what: "no declarations in the tarball" });
      }
      for (const entry of Object.keys(manifest["exports"])) {
        if (!Object.hasOwn(entrypoints, entry)) {
          faults.push({ rule: "EntryNotSeen", where: `${folder}/package.json`, what: `attw did not look at ${entry}` });
        }
      }
      seen += Object.keys(entrypoints).length;
      // Only CommonJS and resolution as it was before "exports" see these, and both are out of the question here.
      const matters = problems.filter(
        ({ resolutionKind }) => resolutionKind !== "node10" && resolutionKind !== "node16-cjs",
      );
      for (const { kind, entrypoint = "", resolutionKind = "" } of matters) {
        faults.push({
          rule: kind,
          where: `${folder}/package.json`,
          what: `entry ${entrypoint} ${resolutionKind}`.trim(),
        });
      }
    }
    return { seen: `${seen} entries of ${packages.length} tarballs`, faults };
  },
};
