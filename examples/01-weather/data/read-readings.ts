import { readFile } from "node:fs/promises";
import { fromLine } from "../model/reading-line.ts";
import type { Reading } from "../model/reading.ts";

/** The readings of a CSV file that has a line of names at its top. */
export async function readReadings(path: string): Promise<Reading[]> {
  const [, ...lines] = (await readFile(path, "utf8")).split("\n");
  return lines.filter((line) => line !== "").map(fromLine);
}
