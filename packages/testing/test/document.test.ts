import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { lawTable } from "./law-table.ts";

it("docs/conformance.md lists the laws that there are", async () => {
  const page = await readFile(new URL("../../../docs/conformance.md", import.meta.url), "utf8");
  expect(page).toContain(lawTable());
});
