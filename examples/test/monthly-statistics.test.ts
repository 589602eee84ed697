import { expect, test } from "vitest";
import { MonthlyStatistics } from "../01-weather/model/monthly-statistics.ts";
import { fromLine } from "../01-weather/model/reading-line.ts";

const lines = [
  "Seattle,2012-01-01,0.1,12.8,5.0,4.7,drizzle",
  "Seattle,2012-01-02,0.2,10.6,-2.8,4.5,rain",
  "Seattle,2012-02-01,13.5,8.9,3.3,2.7,rain",
  "New York,2012-01-01,0.0,13.3,5.6,2.0,sun",
];

function statisticsOf(all: readonly string[]): MonthlyStatistics {
  const statistics = new MonthlyStatistics();
  for (const line of all) statistics.add(fromLine(line));
  return statistics;
}

test("sums up every station's months", () => {
  expect(statisticsOf(lines).summaries()).toEqual([
    { station: "New York", month: "2012-01", days: 1, precipitation: 0, warmest: 13.3, coldest: 5.6, windiest: 2 },
    { station: "Seattle", month: "2012-01", days: 2, precipitation: 0.3, warmest: 12.8, coldest: -2.8, windiest: 4.7 },
    { station: "Seattle", month: "2012-02", days: 1, precipitation: 13.5, warmest: 8.9, coldest: 3.3, windiest: 2.7 },
  ]);
});

test("does not care for the order, nor for readings that come again", () => {
  expect(statisticsOf([...lines, ...lines].toReversed()).summaries()).toEqual(statisticsOf(lines).summaries());
});

test("tells whether a reading was new", () => {
  const statistics = statisticsOf(lines);
  expect(statistics.add(fromLine("Seattle,2012-01-02,0.2,10.6,-2.8,4.5,rain"))).toBe(false);
  expect(statistics.add(fromLine("Seattle,2012-01-03,0.2,10.6,-2.8,4.5,rain"))).toBe(true);
});
