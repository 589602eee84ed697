import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { lawTable, pendingTable } from "./law-table.ts";

const page = await readFile(new URL("../../../docs/conformance.md", import.meta.url), "utf8");

it("docs/conformance.md lists the laws that there are", () => {
  expect(page).toContain(lawTable());
});

it("docs/conformance.md lists the cases that are no law yet, with what is missing", () => {
  expect(page).toContain(pendingTable());
});
