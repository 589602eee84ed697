import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ReadingFile } from "../01-weather/data/reading-file.ts";
import { fromLine } from "../01-weather/model/reading-line.ts";

const line = "Seattle,2012-01-01,0.0,12.8,5.0,4.7,drizzle";
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "readings-"));
});

afterEach(() => rm(folder, { recursive: true }));

test("a reading that was saved is known, also when the file is opened again", async () => {
  const path = join(folder, "readings.csv");
  const file = new ReadingFile(path);
  expect(await file.has("seattle-2012-01-01")).toBe(false);
  await file.add("seattle-2012-01-01", fromLine(line));
  expect(await file.has("seattle-2012-01-01")).toBe(true);
  await file.close();
  const again = new ReadingFile(path);
  expect(await again.has("seattle-2012-01-01")).toBe(true);
  expect(await again.has("seattle-2012-01-02")).toBe(false);
  await again.close();
  expect(await readFile(path, "utf8")).toBe(`${line}\n`);
});

test("a file with something else in it is refused", async () => {
  const path = join(folder, "readings.csv");
  await appendFile(path, "no reading\n");
  await expect(new ReadingFile(path).has("seattle-2012-01-01")).rejects.toThrow(/invalid/i);
});
