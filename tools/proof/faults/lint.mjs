import { newFile, replaced } from "../planted-fault.mjs";

/** @import { PlantedFault } from "../planted-fault.mjs" */

/**
 * @param {string} rule
 * @param {string} file
 * @param {string} text
 */
function linted(rule, file, text) {
  return newFile("lint", rule, file, text);
}

const source = "packages/core/src/bus";
const test = "packages/mqtt/test";

/** What oxlint has to find, above all by the rules that need types. */
export const lintFaults = /** @type {readonly PlantedFault[]} */ ([
  linted(
    "typescript/no-floating-promises",
    `${source}/planted-floating.ts`,
    'export function start(): void {\n  Promise.resolve("x");\n}',
  ),
  // Outside of src no package's tsconfig.json applies, and types come by way of the root's, through the entries of other packages.
  linted(
    "typescript/no-floating-promises",
    `${test}/planted-floating.test.ts`,
    'import { pause } from "@busbar/core/driver";\nimport { expect, test } from "vitest";\n\ntest("x", () => {\n  pause(1);\n  expect(1).toBe(1);\n});',
  ),
  linted(
    "typescript/no-floating-promises",
    "examples/planted-floating.ts",
    'import { pause } from "@busbar/core/driver";\n\npause(1);',
  ),
  linted(
    "typescript/no-floating-promises",
    "tools/check/planted-floating.mjs",
    'import { setTimeout as sleep } from "node:timers/promises";\n\nsleep(1);',
  ),
  linted(
    "typescript/no-misused-promises",
    `${source}/planted-misused.ts`,
    "export function each(list: readonly number[]): void {\n  list.forEach(async (one) => {\n    await Promise.resolve(one);\n  });\n}",
  ),
  linted(
    "typescript/only-throw-error",
    `${source}/planted-throw.ts`,
    'export function fail(): never {\n  throw "text";\n}',
  ),
  linted(
    "typescript/switch-exhaustiveness-check",
    `${source}/planted-switch.ts`,
    'export function toNumber(word: "one" | "two"): number {\n  switch (word) {\n    case "one":\n      return 1;\n  }\n  return 2;\n}',
  ),
  linted(
    "typescript/consistent-type-imports",
    `${source}/planted-type-import.ts`,
    'import { Codec } from "../contract/index.ts";\n\nexport type Any = Codec<unknown>;',
  ),
  linted(
    "typescript/no-import-type-side-effects",
    `${source}/planted-side-effect.ts`,
    'import { type Codec } from "../contract/index.ts";\n\nexport type Any = Codec<unknown>;',
  ),
  linted("import/no-default-export", `${source}/planted-default.ts`, "export default 1;"),
  linted("unicorn/filename-case", `${source}/plantedName.ts`, "export const planted = 1;"),
  linted("typescript/no-explicit-any", `${source}/planted-any.ts`, "export const planted: any = 1;"),
  linted(
    "typescript/no-non-null-assertion",
    `${source}/planted-non-null.ts`,
    "export function first(list: readonly string[]): string {\n  return list[0]!;\n}",
  ),
  linted(
    "typescript/ban-ts-comment",
    `${source}/planted-comment.ts`,
    "// @ts-ignore\nexport const planted: number = 1;",
  ),
  linted(
    "eslint/eqeqeq",
    `${source}/planted-equality.ts`,
    "export const isOne = (value: unknown): boolean => value == 1;",
  ),
  linted("eslint/no-console", `${source}/planted-console.ts`, 'console.log("x");\n\nexport {};'),
  linted(
    "eslint/no-param-reassign",
    `${source}/planted-parameter.ts`,
    "export function next(value: number): number {\n  value += 1;\n  return value;\n}",
  ),
  linted("unicorn/prefer-node-protocol", `${source}/planted-protocol.ts`, 'export { join } from "path";'),
  linted(
    "vitest/no-focused-tests",
    `${test}/planted-focus.test.ts`,
    'import { expect, test } from "vitest";\n\ntest.only("x", () => {\n  expect(1).toBe(1);\n});',
  ),
  linted(
    "vitest/no-disabled-tests",
    `${test}/planted-skip.test.ts`,
    'import { test } from "vitest";\n\ntest.skip("x", () => {});',
  ),
  { ...replaced("lint", "could-not-check", ".oxlintrc.json", '"**/dist/**"', '"packages/**"'), where: "", alone: true },
]);
