import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { rootFolder } from "../root-folder.mjs";
import { workspacePackages } from "../workspace-packages.mjs";

/** @import { Checker, Fault } from "../checker.mjs" */
/** @import { WorkspacePackage } from "../workspace-packages.mjs" */

const licensesWeMayUse = new Set([
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "Unlicense",
  "Python-2.0",
]);

/**
 * What every package.json says, and the licences of what users install with it.
 *
 * @type {Checker}
 */
export const metadata = {
  name: "metadata",
  about: "package.json: licence, engines, entries, versions; licences of dependencies",
  run() {
    const packages = workspacePackages();
    const dependencies = installedByUsers();
    const faults = [
      ...packages.flatMap((one) => [...identityFaults(one), ...entryFaults(one), ...dependencyFaults(one, packages)]),
      ...rootFaults(),
    ];
    for (const [name, license] of dependencies) {
      if (!alternatives(license).some((one) => licensesWeMayUse.has(one))) {
        faults.push({ rule: "dependency-licence", where: "package-lock.json", what: `${name} is under ${license}` });
      }
    }
    return Promise.resolve({ seen: `${packages.length} packages, ${dependencies.size} dependencies of users`, faults });
  },
};

/** @returns {Fault[]} */
function rootFaults() {
  const path = join(rootFolder, "LICENSE");
  const isMit = existsSync(path) && readFileSync(path, "utf8").startsWith("MIT License");
  return isMit ? [] : [{ rule: "licence-file", where: "LICENSE", what: "the MIT licence is not there" }];
}

/**
 * @param {WorkspacePackage} one
 * @returns {Fault[]}
 */
function identityFaults({ folder, directory, manifest }) {
  const root = JSON.parse(readFileSync(join(rootFolder, "package.json"), "utf8"));
  /** @type {[rule: string, isRight: boolean, what: string][]} */
  const demands = [
    ["package-name", manifest["name"] === `@busbar/${directory}`, `the name is not @busbar/${directory}`],
    ["package-licence", manifest["license"] === "MIT", "the licence is not MIT"],
    ["package-description", /^.{10,}\.$/.test(manifest["description"] ?? ""), "the description is not a sentence"],
    ["package-type", manifest["type"] === "module", 'the type is not "module"'],
    [
      "package-engines",
      manifest["engines"]?.node === root.engines.node,
      `engines.node is not ${root.engines.node}, as at the root`,
    ],
    ["package-private", manifest["private"] !== true, "it could not be published"],
    [
      "package-files",
      Array.isArray(manifest["files"]) && manifest["files"].includes("dist"),
      'files do not list "dist"',
    ],
    ["package-side-effects", manifest["sideEffects"] === false, "sideEffects is not false"],
  ];
  return demands
    .filter(([, isRight]) => !isRight)
    .map(([rule, , what]) => ({ rule, where: `${folder}/package.json`, what }));
}

/**
 * @param {WorkspacePackage} one
 * @returns {Fault[]}
 */
function entryFaults({ folder, manifest }) {
  /** @type {Fault[]} */
  const faults = [];
  const where = `${folder}/package.json`;
  for (const [entry, target] of Object.entries(/** @type {Record<string, any>} */ (manifest["exports"] ?? {}))) {
    if (entry === "./package.json") {
      continue;
    }
    const source = target["@busbar/source"] ?? "";
    const stem = source.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, "");
    if (
      Object.keys(target).join(" ") !== "@busbar/source types default" ||
      target.types !== `${stem}.d.ts` ||
      target.default !== `${stem}.js`
    ) {
      faults.push({
        rule: "entry-conditions",
        where,
        what: `${entry} must lead to one module by "@busbar/source", "types", "default", in this order`,
      });
    }
    if (!existsSync(join(rootFolder, folder, source))) {
      faults.push({ rule: "entry-source", where, what: `${entry} leads to ${source}, which does not exist` });
    }
  }
  if (manifest["exports"]?.["."] === undefined && manifest["bin"] === undefined) {
    faults.push({ rule: "entry-missing", where, what: 'there is no entry "."' });
  }
  return faults;
}

/**
 * @param {WorkspacePackage} one
 * @param {readonly WorkspacePackage[]} packages
 * @returns {Fault[]}
 */
function dependencyFaults({ folder, manifest }, packages) {
  /** @type {Fault[]} */
  const faults = [];
  const where = `${folder}/package.json`;
  for (const [name, range] of Object.entries(
    /** @type {Record<string, string>} */ ({ ...manifest["dependencies"], ...manifest["devDependencies"] }),
  )) {
    if (!/^\d+\.\d+\.\d+$/.test(range)) {
      faults.push({ rule: "dependency-pinned", where, what: `${name} is ${range}, not one version` });
    }
  }
  for (const { manifest: other } of packages) {
    const range = manifest["peerDependencies"]?.[other["name"]];
    if (range !== undefined && range !== `^${other["version"]}`) {
      faults.push({
        rule: "peer-version",
        where,
        what: `${other["name"]} is at ${other["version"]}, and ${range} is asked for`,
      });
    }
  }
  return faults;
}

/** @returns {Map<string, string>} licences by name and version */
function installedByUsers() {
  const lock = JSON.parse(readFileSync(join(rootFolder, "package-lock.json"), "utf8"));
  /** @type {Map<string, string>} */
  const licenses = new Map();
  for (const [path, entry] of Object.entries(/** @type {Record<string, any>} */ (lock.packages))) {
    if (path.includes("node_modules/") && entry.link !== true && entry.dev !== true && entry.devOptional !== true) {
      licenses.set(
        `${path.slice(path.lastIndexOf("node_modules/") + 13)} ${entry.version}`,
        entry.license ?? "no licence it names",
      );
    }
  }
  return licenses;
}

/** @param {string} license */
function alternatives(license) {
  return license.replaceAll(/[()]/g, "").split(/ OR /i);
}
