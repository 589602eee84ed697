import { inManifest, newFile, replaced } from "../planted-fault.mjs";

/** @import { PlantedFault } from "../planted-fault.mjs" */

/** Format, conventions, what is unused, and what betrays the machine that it was written on. */
export const houseRuleFaults = /** @type {readonly PlantedFault[]} */ ([
  newFile("format", "format", "packages/core/src/planted-format.ts", "export const planted = {a:1,\n  'b' : 2}"),
  newFile("format", "format", "tools/check/planted-format.mjs", "export const planted = ( 1 )"),

  newFile("conventions", "vague-name", "packages/core/src/bus/utils.ts", "/** One. */\nexport const planted = 1;"),
  newFile("conventions", "vague-name", "packages/nats/src/string-helpers.ts", "/** One. */\nexport const planted = 1;"),
  newFile("conventions", "export-star", "packages/core/src/bus/planted-star.ts", 'export * from "../errors.ts";'),
  newFile("conventions", "doc-comment", "packages/core/src/bus/planted-undocumented.ts", "export const planted = 1;"),
  newFile(
    "conventions",
    "doc-comment",
    "tools/check/planted-undocumented.mjs",
    '/** @import { Fault } from "./checker.mjs" */\n\nexport function planted() {}',
  ),

  newFile("unused", "files", "packages/core/src/planted-file.ts", "/** One. */\nexport const planted = 1;"),
  replaced(
    "unused",
    "exports",
    "packages/core/src/driver/abortable.ts",
    /$/,
    "\n/** Nobody's. */\nexport const planted = 1;\n",
  ),
  inManifest("unused", "dependencies", "packages/core", (manifest) => {
    manifest["dependencies"] = { ...manifest["dependencies"], publint: "0.3.25" };
  }),
  newFile("unused", "unlisted", "packages/mqtt/test/planted-unlisted.test.ts", 'import "denque";'),

  replaced("broker-pages", "broker-pages", "docs/brokers/redis.md", /^## Limits$/m, "## Bounds"),
  replaced(
    "broker-pages",
    "broker-pages",
    "docs/brokers/nats.md",
    /^\| `native\.replicas` .*$/m,
    "| `native.copies` | 1 | servers | `3` |",
  ),

  newFile(
    "self-talk",
    "machine-path",
    "docs/planted-path.md",
    `It lies in ${["", "home", "somebody", "busbar"].join("/")} here.`,
  ),
  newFile(
    "self-talk",
    "machine-path",
    "packages/core/src/planted-path.ts",
    ["// See C:", "Users", "somebody.\nexport {};"].join("\\"),
  ),
  replaced(
    "self-talk",
    "registry-host",
    "package-lock.json",
    '"version": "',
    `"resolved": "${["https:", "", ["registry", "npmjs", "org"].join("."), "x.tgz"].join("/")}",\n      "version": "`,
  ),
  newFile(
    "self-talk",
    "registry-host",
    "docs/planted-host.md",
    `Taken from ${["registry", "packages", "example", "com"].join(".")}.`,
  ),
]);
