import { describe, expect, test } from "vitest";
import { checksumOf } from "../../tools/demo/csv-facts.mjs";
import { faultsOf, lossesOf, weatherReport } from "../../tools/demo/weather-report.mjs";

const lines = ["one", "two", "three"];
const facts = { readings: 3, stations: 1, frost: 2, storm: 1, checksum: checksumOf(lines) };
const good = {
  published: 3,
  handled: { saver: 3, statistics: 3, watch: 3 },
  duplicates: 4,
  outOfOrder: 0,
  frost: 2,
  storm: 1,
  seconds: 0.5,
  checksum: checksumOf(lines),
};

describe("the demo's report", () => {
  test("finds no fault in a good run, duplicates or not", () => {
    expect(faultsOf(facts, good)).toEqual([]);
  });

  test.each([
    [{ published: 2 }, "readings published: 2 instead of 3"],
    [{ handled: { ...good.handled, statistics: 2 } }, "handled by statistics: 2 instead of 3"],
    [{ handled: { saver: 3, watch: 3 } }, "handled by statistics: 0 instead of 3"],
    [{ frost: 1 }, "alerts of frost: 1 instead of 2"],
    [{ storm: 2 }, "alerts of storm: 2 instead of 1"],
    [{ outOfOrder: 1 }, "out of order: 1 instead of 0"],
    [{ checksum: `${facts.checksum.slice(0, -1)}x` }, "the checksums differ"],
  ])("finds the fault in %j", (change, fault) => {
    expect(faultsOf(facts, { ...good, ...change })).toEqual([fault]);
  });

  test("says what was lost where nothing was promised", () => {
    const lossy = { ...good, handled: { ...good.handled, watch: 1 }, frost: 0 };
    expect(lossesOf(facts, lossy)).toBe(
      "Lost this time: 0 readings for saver, 0 readings for statistics, 2 readings for watch, 2 alerts.",
    );
  });

  test("shows the runs beside what the CSV file says", () => {
    const report = weatherReport(facts, new Map([["memory", good]])).split("\n");
    expect(report[0]).toMatch(/^ +CSV file +memory$/);
    expect(report.find((line) => line.startsWith("readings/s"))).toMatch(/ 6$/);
    expect(report.find((line) => line.startsWith("messages/s"))).toMatch(/ 24$/);
    expect(new Set(report.map((line) => line.length)).size).toBe(1);
  });
});
