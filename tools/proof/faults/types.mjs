import { newFile } from "../planted-fault.mjs";

/** @import { PlantedFault } from "../planted-fault.mjs" */

/** What the compiler has to find, in every kind of file, and in packages once more with what only publishing needs. */
export const typeFaults = /** @type {readonly PlantedFault[]} */ ([
  // vitest passes this one.
  newFile(
    "types",
    "TS2344",
    "packages/core/test/planted-type.test.ts",
    'import { expectTypeOf, test } from "vitest";\n\ntest("x", () => {\n  expectTypeOf("text").toEqualTypeOf<number>();\n});',
  ),
  newFile("types", "TS2322", "packages/mqtt/src/planted-type.ts", 'export const planted: number = "text";'),
  newFile("types", "TS2322", "examples/planted-type.ts", 'export const planted: number = "text";'),
  newFile("types", "TS2322", "tools/check/planted-type.mjs", '/** @type {number} */\nexport const planted = "text";'),
  newFile(
    "types",
    "TS2532",
    "packages/core/src/planted-index.ts",
    "export const first = (list: string[]): number => list[0].length;",
  ),
  newFile(
    "types",
    "TS2375",
    "packages/core/src/planted-optional.ts",
    "export const planted: { readonly x?: number } = { x: undefined };",
  ),
  newFile("types", "TS6133", "packages/core/src/planted-unused.ts", "export function planted(unused: number): void {}"),
  newFile("types", "TS1294", "packages/core/src/planted-enum.ts", "export enum Planted {\n  One,\n}"),
  newFile(
    "types",
    "TS2882",
    "packages/nats/src/planted-entry.ts",
    'import "@busbar/core/no-such-entry";\n\nexport {};',
  ),
  newFile(
    "build",
    "TS9013",
    "packages/testing/src/planted-declaration.ts",
    "export function planted(a: number, b: number) {\n  return Math.max(a, b);\n}",
  ),
  newFile("build", "TS2322", "packages/kafka/src/planted-type.ts", 'export const planted: number = "text";'),
]);
