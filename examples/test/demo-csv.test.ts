import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checksumOf, factsOf, linesOf } from "../../tools/demo/csv-facts.mjs";
import { withInventedStations } from "../../tools/demo/invented-stations.mjs";
import { fromLine, toLine } from "../01-weather/model/reading-line.ts";
import { stationSlug } from "../01-weather/model/station-slug.ts";

const path = fileURLToPath(new URL("../01-weather/weather.csv", import.meta.url));
const csv = readFileSync(path, "utf8");

describe("the facts of the CSV file", () => {
  test("are those that the demo promises", () => {
    expect(factsOf(csv)).toMatchObject({ readings: 2_922, stations: 2, frost: 336, storm: 23 });
  });

  test.runIf(process.platform === "linux")("have the checksum that sort and sha256sum give", () => {
    const printed = execFileSync("sh", ["-c", 'tail -n +2 "$1" | LC_ALL=C sort | sha256sum', "sh", path], {
      encoding: "utf8",
    });
    expect(printed.split(" ")[0]).toBe(factsOf(csv).checksum);
  });

  test("have a checksum that does not care for the order, but for each character and each line", () => {
    const lines = linesOf(csv).slice(1);
    expect(checksumOf(lines.toReversed())).toBe(checksumOf(lines));
    expect(checksumOf(lines.slice(1))).not.toBe(checksumOf(lines));
    expect(checksumOf([...lines, lines[0] ?? ""])).not.toBe(checksumOf(lines));
    expect(checksumOf(lines.with(5, `${lines[5]} `))).not.toBe(checksumOf(lines));
  });
});

describe("invented stations", () => {
  const more = withInventedStations(csv, 400);
  const lines = linesOf(more).slice(1);

  test("are as many as asked for, each with its own slug and a few readings, beside the real ones", () => {
    expect(factsOf(more)).toMatchObject({ readings: 2_922 + 400 * 5, stations: 402 });
    expect(new Set(lines.map((line) => stationSlug(fromLine(line).station))).size).toBe(402);
    expect(more.startsWith(csv)).toBe(true);
  });

  test("are the same each time", () => {
    expect(withInventedStations(csv, 400)).toBe(more);
  });

  test("report one day after the other, in lines that come back as they were", () => {
    const latest = new Map<string, string>();
    for (const line of lines) {
      const { station, date } = fromLine(line);
      expect(date > (latest.get(station) ?? "")).toBe(true);
      latest.set(station, date);
      expect(toLine(fromLine(line))).toBe(line);
    }
  });
});
