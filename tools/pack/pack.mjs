import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { CheckerError } from "../check/checker.mjs";
import { rootFolder } from "../check/root-folder.mjs";
import { runNpm } from "../check/run-program.mjs";
import { workspacePackages } from "../check/workspace-packages.mjs";

/** The condition of `exports` and `imports` under which this repository reads sources, which are not published. */
const ownCondition = "@busbar/source";

/**
 * Packs every package as it is published, which has to be built: what npm would take, without the entries that lead to sources.
 *
 * @param {string} folder where the tarballs go
 * @returns {Promise<ReadonlyMap<string, string>>} the tarballs by package name
 */
export async function pack(folder) {
  const staging = mkdtempSync(join(tmpdir(), "busbar-staged-"));
  const tidy = () => rmSync(staging, { recursive: true, force: true });
  process.once("exit", tidy);
  try {
    const staged = await stage(staging);
    /** @type {{ name: string, filename: string }[]} */
    const made = await npmPack([...staged, "--pack-destination", folder]);
    return new Map(made.map(({ name, filename }) => [name, join(folder, filename)]));
  } finally {
    process.off("exit", tidy);
    tidy();
  }
}

/**
 * @param {string} staging
 * @returns {Promise<readonly string[]>} a folder for each package
 */
async function stage(staging) {
  /** @type {{ name: string, files: { path: string }[] }[]} */
  const contents = await npmPack(["--workspaces", "--dry-run"]);
  return workspacePackages().map(({ folder, directory, manifest }) => {
    const files = contents.find(({ name }) => name === manifest["name"])?.files;
    if (files === undefined) throw new CheckerError(`npm pack left out ${folder}.`);
    for (const { path } of files) {
      const target = join(staging, directory, path);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(rootFolder, folder, path), target);
    }
    writeFileSync(join(staging, directory, "package.json"), `${JSON.stringify(published(manifest), null, 2)}\n`);
    return join(staging, directory);
  });
}

/**
 * A manifest without what is meant for this repository only.
 *
 * @param {unknown} value
 * @returns {unknown}
 */
function published(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([key]) => key !== ownCondition);
  return Object.fromEntries(entries.map(([key, entry]) => [key, published(entry)]));
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<any>}
 */
async function npmPack(args) {
  const { code, stdout, stderr } = await runNpm(["pack", "--json", "--ignore-scripts", ...args]);
  if (code !== 0) throw new CheckerError("npm pack failed.", stderr);
  return JSON.parse(stdout);
}
