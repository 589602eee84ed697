import { CheckerError } from "../checker.mjs";
import { packedPackages } from "../packed-packages.mjs";
import { runTool } from "../run-program.mjs";
import { twoAtATime } from "../two-at-a-time.mjs";

/** @import { Checker, Fault } from "../checker.mjs" */
/** @import { PackedPackage } from "../packed-packages.mjs" */

/**
 * What attw says about a tarball, as far as it is used here.
 *
 * @typedef {object} Analysis
 * @property {unknown} [types]
 * @property {Record<string, unknown>} [entrypoints]
 * @property {{ kind: string, entrypoint?: string, resolutionKind?: string }[]} [problems]
 */

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
    const findings = await twoAtATime(packages, async (one) => {
      const analysis = await analyze(one);
      return { entries: Object.keys(analysis.entrypoints ?? {}).length, faults: faultsOf(one, analysis) };
    });
    const entries = findings.reduce((sum, finding) => sum + finding.entries, 0);
    return {
      seen: `${entries} entries of ${packages.length} tarballs`,
      faults: findings.flatMap(({ faults }) => faults),
    };
  },
};

/**
 * @param {PackedPackage} one
 * @returns {Promise<Analysis>}
 */
async function analyze({ folder, tarball }) {
  const { stdout, stderr } = await runTool("attw", [tarball, "--profile", "esm-only", "--format", "json"]);
  try {
    return JSON.parse(stdout).analysis;
  } catch (error) {
    const reason = /** @type {Error} */ (error).message;
    throw new CheckerError(`attw printed no report on ${folder} (${reason}).`, `${stdout}\n${stderr}`);
  }
}

/**
 * @param {PackedPackage} one
 * @param {Analysis} analysis
 * @returns {Fault[]}
 */
function faultsOf({ folder, manifest }, { types, entrypoints = {}, problems = [] }) {
  const where = `${folder}/package.json`;
  // Without types attw has nothing to compare and reports no problem.
  const untyped =
    types === undefined || types === false ? [{ rule: "NoTypes", where, what: "no declarations in the tarball" }] : [];
  const unseen = Object.keys(manifest["exports"])
    .filter((entry) => !Object.hasOwn(entrypoints, entry))
    .map((entry) => ({ rule: "EntryNotSeen", where, what: `attw did not look at ${entry}` }));
  // Only CommonJS and resolution as it was before "exports" see the others, and both are out of the question here.
  const matters = problems.filter(
    ({ resolutionKind }) => resolutionKind !== "node10" && resolutionKind !== "node16-cjs",
  );
  const named = matters.map(({ kind, entrypoint = "", resolutionKind = "" }) => ({
    rule: kind,
    where,
    what: `entry ${entrypoint} ${resolutionKind}`.trim(),
  }));
  return [...untyped, ...unseen, ...named];
}
