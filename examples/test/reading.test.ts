import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { alertsFor } from "../01-weather/model/alert.ts";
import { fromLine, header, toLine } from "../01-weather/model/reading-line.ts";
import { readingId } from "../01-weather/model/reading.ts";
import { StationOrder } from "../01-weather/model/station-order.ts";
import { stationSlug } from "../01-weather/model/station-slug.ts";

const [names = "", ...lines] = readFileSync(new URL("../01-weather/weather.csv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");

describe("a station's slug", () => {
  test.each([
    ["Seattle", "seattle"],
    ["New York", "new-york"],
    ["  Zürich (Flughafen) ", "zurich-flughafen"],
    ["Station 0007", "station-0007"],
  ])("of %j is %j", (name, slug) => {
    expect(stationSlug(name)).toBe(slug);
  });

  test("cannot be made of nothing", () => {
    expect(() => stationSlug("***")).toThrow(/no letter and no digit/);
  });
});

describe("a line of the CSV file", () => {
  test("comes back as it was, for all 2,922 of them", () => {
    expect(names).toBe(header);
    expect(lines).toHaveLength(2_922);
    expect(lines.map((line) => toLine(fromLine(line)))).toEqual(lines);
  });

  test("has an id of its own", () => {
    const ids = lines.map((line) => readingId(fromLine(line)));
    expect(new Set(ids).size).toBe(2_922);
    expect(ids[0]).toBe("seattle-2012-01-01");
  });

  test.each([
    "",
    "Seattle,2012-01-01",
    "Seattle,2012-13-01,0.0,1.0,0.0,1.0,sun",
    "Seattle,2012-01-01,x,1.0,0.0,1.0,sun",
  ])("is refused when it is %j", (line) => {
    expect(() => fromLine(line)).toThrow(/invalid/i);
  });
});

describe("alerts", () => {
  test("are 336 of frost and 23 of storm in the file", () => {
    const kinds = lines.flatMap((line) => alertsFor(fromLine(line))).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "frost")).toHaveLength(336);
    expect(kinds.filter((kind) => kind === "storm")).toHaveLength(23);
  });

  test("are raised below zero and from ten on", () => {
    const at = (minimum: string, wind: string): string[] =>
      alertsFor(fromLine(`Seattle,2012-01-01,0.0,1.0,${minimum},${wind},sun`)).map(({ kind }) => kind);
    expect(at("0.0", "9.9")).toEqual([]);
    expect(at("-0.1", "9.9")).toEqual(["frost"]);
    expect(at("0.0", "10.0")).toEqual(["storm"]);
    expect(at("-0.1", "10.0")).toEqual(["frost", "storm"]);
  });
});

test("the order of a station's days is seen, whatever other stations do", () => {
  const order = new StationOrder();
  const day = (station: string, date: string): boolean =>
    order.follows(fromLine(`${station},${date},0.0,1.0,0.0,1.0,sun`));
  expect(day("Seattle", "2012-01-02")).toBe(true);
  expect(day("New York", "2012-01-01")).toBe(true);
  expect(day("Seattle", "2012-01-01")).toBe(false);
  expect(day("Seattle", "2012-01-03")).toBe(true);
});
