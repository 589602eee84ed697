import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildPackages } from "./build-packages.mjs";
import { CheckerError } from "./checker.mjs";
import { pack } from "../pack/pack.mjs";
import { workspacePackages } from "./workspace-packages.mjs";

/**
 * A package as it would be published.
 *
 * @typedef {object} PackedPackage
 * @property {string} folder its path from the root
 * @property {Record<string, any>} manifest
 * @property {string} tarball
 */

/** @type {Promise<readonly PackedPackage[]> | undefined} */
let packed;

/**
 * Builds and packs every package, once for this process; rejects when one does not build.
 *
 * @returns {Promise<readonly PackedPackage[]>}
 */
export function packedPackages() {
  packed ??= buildAndPack();
  return packed;
}

async function buildAndPack() {
  const built = await buildPackages();
  if (built.faults.length > 0) {
    throw new CheckerError('What would be published cannot be looked at before it builds: see "build".');
  }
  const folder = mkdtempSync(join(tmpdir(), "busbar-packed-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const tarballs = await pack(folder);
  return workspacePackages().map((each) => {
    const tarball = tarballs.get(each.manifest["name"]);
    if (tarball === undefined) {
      throw new CheckerError(`npm pack left out ${each.folder}.`);
    }
    return { ...each, tarball };
  });
}

/**
 * Reads a tarball as the bytes that libraries take.
 *
 * @param {PackedPackage} one
 * @returns {ArrayBuffer}
 */
export function tarballBytes({ tarball }) {
  const bytes = readFileSync(tarball);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
