import { inManifest, newFile, replaced } from "../planted-fault.mjs";

/** @import { PlantedFault } from "../planted-fault.mjs" */

/**
 * @param {string} rule
 * @param {string} name
 * @param {(manifest: Record<string, any>) => void} change
 */
function metadata(rule, name, change) {
  return inManifest("metadata", rule, `packages/${name}`, change);
}

/**
 * @param {string} checker
 * @param {string} rule
 * @param {string} name
 * @param {readonly string[]} files
 */
function packedWith(checker, rule, name, files) {
  return inManifest(checker, rule, `packages/${name}`, (manifest) => {
    manifest["files"] = files;
  });
}

/** An entry that leads to files that no build makes. */
const plantedEntry = { types: "./dist/planted.d.ts", default: "./dist/planted.js" };

/** What package.json may say wrongly, and what that does to whoever installs the packages. */
export const packageFaults = /** @type {readonly PlantedFault[]} */ ([
  newFile("metadata", "licence-file", "LICENSE", "All rights reserved."),
  replaced(
    "metadata",
    "dependency-licence",
    "package-lock.json",
    /("node_modules\/denque": \{[^}]*?"license": ")[^"]+/,
    "$1GPL-3.0",
  ),
  metadata("package-name", "amqp", (manifest) => {
    manifest["name"] = "@busbar/rabbit";
  }),
  metadata("package-licence", "core", (manifest) => {
    manifest["license"] = "UNLICENSED";
  }),
  metadata("package-description", "kafka", (manifest) => {
    manifest["description"] = "kafka";
  }),
  metadata("package-type", "mqtt", (manifest) => {
    manifest["type"] = "commonjs";
  }),
  metadata("package-engines", "nats", (manifest) => {
    manifest["engines"].node = ">=18";
  }),
  metadata("package-private", "testing", (manifest) => {
    manifest["private"] = true;
  }),
  metadata("package-files", "amqp", (manifest) => {
    manifest["files"] = ["src"];
  }),
  metadata("package-side-effects", "core", (manifest) => {
    delete manifest["sideEffects"];
  }),
  metadata("entry-conditions", "kafka", (manifest) => {
    const { types, ...others } = manifest["exports"]["."];
    manifest["exports"]["."] = { ...others, types };
  }),
  metadata("entry-source", "mqtt", (manifest) => {
    manifest["exports"]["./planted"] = { "@busbar/source": "./src/planted.ts", ...plantedEntry };
  }),
  metadata("entry-missing", "nats", (manifest) => {
    delete manifest["exports"]["."];
  }),
  metadata("dependency-pinned", "testing", (manifest) => {
    manifest["devDependencies"] = { ...manifest["devDependencies"], zod: "^4.0.0" };
  }),
  metadata("peer-version", "amqp", (manifest) => {
    manifest["peerDependencies"]["@busbar/core"] = "^9.0.0";
  }),

  inManifest("publint", "FILE_DOES_NOT_EXIST", "packages/core", (manifest) => {
    manifest["exports"]["./planted"] = plantedEntry;
  }),
  inManifest("publint", "EXPORTS_TYPES_SHOULD_BE_FIRST", "packages/kafka", (manifest) => {
    const { types, ...others } = manifest["exports"]["."];
    manifest["exports"]["."] = { ...others, types };
  }),
  packedWith("attw", "NoTypes", "nats", ["dist", "!dist/**/*.d.ts"]),
  inManifest("attw", "NoResolution", "packages/core", (manifest) => {
    manifest["exports"]["./planted"] = plantedEntry;
  }),
  packedWith("entries", "entry-does-not-load", "testing", ["dist/index.js", "dist/index.d.ts"]),
  // attw does not look behind the entries.
  {
    ...packedWith("user-types", "TS2307", "core", ["dist", "!dist/contract/broker.*"]),
    where: "packages/core/dist/contract/index.d.ts",
  },
]);
