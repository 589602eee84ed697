import { describe, expect, it } from "vitest";
import { chart } from "../chart.ts";
import { performancePart, summaryPart } from "../performance-page.ts";
import { awaitedRows, busToExpert, latencyRows, standingRows, sweepRows, throughputRows } from "../report.ts";
import type { Run } from "../run.ts";
import { svgOf } from "../svg.ts";
import { invalidity } from "../validity.ts";
import { resultOf } from "./results.ts";

const whole = resultOf({ expert: [1000, 2000, 3000], "quick-start": [100, 100, 100], bus: [800, 1000, 2400] });

describe("the report", () => {
  it("tells medians, spread and the ratio of the rounds", () => {
    expect(busToExpert(whole).ratio).toBe(0.8);
    expect(throughputRows([whole])[1]).toEqual([
      "nats",
      "at-least-once",
      "2,000/s ±50 %",
      "100/s ±0 %",
      "1,000/s ±80 %",
      "0.80",
      "0.50 to 0.80",
      "500 µs → 1000 µs",
    ]);
  });

  it("keeps what was changed apart from what was not", () => {
    const changed = resultOf({ expert: [100], bus: [50] }, { change: "16 B payload" });
    expect(throughputRows([whole, changed])).toHaveLength(2);
    expect(sweepRows([whole, changed]).slice(1)).toEqual([
      [
        "nats",
        "at-least-once",
        "16 B payload",
        "100/s ±0 %",
        "50/s ±0 %",
        "0.50",
        "0.50 to 0.50",
        "10000 µs → 20000 µs",
        "2.0 KiB → 2.0 KiB",
        "4.0 ms → 4.0 ms",
      ],
    ]);
  });

  it("tells what a client costs without messages apart from the rest", () => {
    const extra = { firstMessageMs: 120 };
    const base = resultOf({ expert: [1], bus: [1] }, { workload: "start-up", change: "start to first message" });
    const samples = Object.fromEntries(
      Object.entries(base.samples).map(([client, each]) => [client, each.map((sample) => ({ ...sample, extra }))]),
    );
    expect(sweepRows([base])).toHaveLength(1);
    expect(standingRows([{ ...base, samples }])[1]).toEqual([
      "nats",
      "start of the process to first message",
      "120 ms → 120 ms",
    ]);
  });

  it("tells latencies of both, side by side, and their ratio", () => {
    const found = resultOf({ expert: [500], bus: [500] }, { workload: "latency", change: "500/s" });
    expect(latencyRows([found])[1]).toEqual([
      "nats",
      "at-least-once",
      "500/s",
      "1.00 ms",
      "1.00 ms",
      "1.00",
      "2.00 ms",
      "2.00 ms",
      "1.00",
      "3.00 ms",
      "3.00 ms",
    ]);
  });

  it("puts publishes that are awaited beside the quick-start client's", () => {
    const found = resultOf({ expert: [100], "quick-start": [80, 100], bus: [120, 100] }, { workload: "awaited" });
    expect(sweepRows([found])).toHaveLength(1);
    expect(awaitedRows([found])[1]).toEqual([
      "nats",
      "at-least-once",
      "100/s ±0 %",
      "90/s ±11 %",
      "110/s ±9 %",
      "1.25",
      "1.00 to 1.50",
    ]);
  });

  it("has a head over every column", () => {
    const changed = resultOf({ expert: [100], bus: [50] }, { change: "16 B payload" });
    const awaited = resultOf({ bus: [1] }, { workload: "awaited" });
    for (const [heads, row] of [throughputRows([whole]), sweepRows([changed]), awaitedRows([awaited])])
      expect(heads).toHaveLength(row?.length ?? 0);
  });

  it("leaves a cell empty where a client found nothing", () => {
    expect(throughputRows([resultOf({ expert: [100], bus: [] })])[1]?.slice(3, 6)).toEqual(["", "", ""]);
  });
});

describe("validity", () => {
  it("asks of an expert to be ten times as fast as the quick start", () => {
    expect(invalidity(resultOf({ expert: [1000], "quick-start": [100], bus: [900] }))).toEqual([]);
    expect(invalidity(resultOf({ expert: [999], "quick-start": [100], bus: [900] }))).toEqual([
      expect.stringContaining("only 9.99 times as fast"),
    ]);
  });

  it("asks for five times on MQTT", () => {
    expect(invalidity(resultOf({ expert: [500], "quick-start": [100], bus: [1] }, { on: "mqtt" }))).toEqual([]);
    expect(invalidity(resultOf({ expert: [490], "quick-start": [100], bus: [1] }, { on: "mqtt" }))).toHaveLength(1);
  });

  it("does not take a missing measurement for a valid one", () => {
    expect(invalidity(resultOf({ expert: [1000], "quick-start": [], bus: [1] }))).toHaveLength(1);
  });

  it("asks nothing where nobody confirms, but tells what went wrong", () => {
    const lost = resultOf({ expert: [1], "quick-start": [1], bus: [1] }, { delivery: "at-most-once" }, ["lost one"]);
    expect(invalidity(lost)).toEqual(["lost one"]);
  });
});

describe("pictures", () => {
  it("draw bars as long as their values", () => {
    const drawn = chart(
      [
        { label: "a", value: 10, text: "ten" },
        { label: "long", value: 5.5, text: "less" },
      ],
      10,
    );
    expect(drawn).toBe("a     ██████████ ten\nlong  █████▌ less");
  });

  it("draw each client in the SVG, with its part of the expert", () => {
    const svg = svgOf([whole]);
    expect(svg).toContain(">nats, at-least-once</text>");
    expect(svg).toContain(">2,000/s, 100 %</text>");
    expect(svg).toContain(">1,000/s, 50 %</text>");
    expect(svg.match(/<rect x=/g)).toHaveLength(3);
  });
});

describe("the page", () => {
  const run: Run = {
    machine: { processor: "Some Processor", cores: 4, node: "20.19.0" },
    brokers: { nats: "nats 2.9.10" },
    effort: { rounds: 3, warmUpMs: 1000, measureMs: 2000 },
    quick: false,
    results: [whole],
  };

  it("says where and how it was measured, and has a table", () => {
    const part = performancePart(run);
    expect(part).toContain("3 rounds of 2 s each, on 4 cores (Some Processor), Node 20.19.0, with nats 2.9.10");
    expect(part).toContain("| nats | at-least-once | 2,000/s ±50 % |");
    expect(part).not.toContain("not valid");
    expect(part).not.toContain("hurry");
  });

  it("is told in short for the README, with the day", () => {
    const latency = { section: "latency", workload: "latency", change: "500/s" };
    const results = [whole, resultOf({ expert: [500], bus: [500] }, latency)];
    const part = summaryPart({ ...run, date: "2026-01-31", results });
    expect(part).toContain("medians of 3 rounds, made on 2026-01-31 by `npm run bench -- --on all --write-docs`");
    expect(part).toMatch(/\| nats \| \d\.\d\d \| \d+\.\d\d \|  \| 1\.00 ms → 1\.00 ms \| 2\.00 ms → 2\.00 ms \|/);
    const beside = resultOf({ expert: [500], bus: [500], nest: [100] }, { section: "peers" });
    expect(summaryPart({ ...run, results: [whole, beside] })).toContain(
      "`npm run bench -- --on all --peers --write-docs`",
    );
  });

  it("does not hide that a run was invalid, or made in a hurry", () => {
    const part = performancePart({
      ...run,
      quick: true,
      results: [resultOf({ expert: [1], "quick-start": [1], bus: [1] })],
    });
    expect(part).toContain("**This run is not valid:**");
    expect(part).toContain("Made in a hurry");
  });
});
