import { describe, expect, it } from "vitest";
import { latencyOf, median, percentile, ratioOf, spread, standardError } from "../statistics.ts";

describe("median and percentiles", () => {
  it("take the middle one, and between two the middle of both", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("interpolate, and do not change what they are given", () => {
    const numbers = Object.freeze([40, 10, 30, 20]);
    expect(percentile(numbers, 0)).toBe(10);
    expect(percentile(numbers, 100)).toBe(40);
    expect(percentile(numbers, 50)).toBe(25);
    expect(percentile(numbers, 90)).toBeCloseTo(37, 10);
  });

  it("sort by value, not by text", () => {
    expect(median([9, 10, 100])).toBe(10);
  });

  it("are not a number where there is none", () => {
    expect(median([])).toBeNaN();
  });

  it("tell the latencies of a thousand", () => {
    const found = latencyOf(Array.from({ length: 1001 }, (_, index) => 1000 - index));
    expect(found).toEqual({ p50: 500, p99: 990, p999: 999, max: 1000 });
  });
});

describe("spread and error", () => {
  it("tell how far numbers lie apart, by their median", () => {
    expect(spread([90, 100, 120])).toBeCloseTo(0.15, 10);
    expect(spread([5])).toBe(0);
    expect(spread([])).toBeNaN();
  });

  it("do not mind one wild number", () => {
    const tame = standardError([99, 100, 101, 100, 102]);
    expect(standardError([99, 100, 101, 100, 1000])).toBeCloseTo(tame, 10);
    expect(tame).toBeGreaterThan(0);
  });

  it("become smaller with more rounds", () => {
    const few = [98, 99, 100, 101, 102];
    expect(standardError([...few, ...few, ...few, ...few])).toBeCloseTo(standardError(few) / 2, 10);
  });

  it("estimate the error of medians that are drawn many times", () => {
    const random = seeded(7);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const draw = (): number[] => Array.from({ length: 51 }, () => 100 + 5 * normal());
    const medians = Array.from({ length: 400 }, () => median(draw()));
    const mean = medians.reduce((sum, each) => sum + each, 0) / medians.length;
    const real = Math.sqrt(medians.reduce((sum, each) => sum + (each - mean) ** 2, 0) / medians.length);
    const estimated = median(Array.from({ length: 100 }, () => standardError(draw())));
    expect(estimated / real).toBeGreaterThan(0.85);
    expect(estimated / real).toBeLessThan(1.15);
  });
});

describe("a ratio of what took turns", () => {
  it("is taken round by round, so that a slow moment of the machine cancels out", () => {
    const found = ratioOf([50, 5, 50], [100, 10, 100]);
    expect(found).toMatchObject({ ratio: 0.5, least: 0.5, greatest: 0.5, noise: 0, rounds: 3 });
  });

  it("tells its least and greatest", () => {
    expect(ratioOf([40, 50, 60], [100, 100, 100])).toMatchObject({ ratio: 0.5, least: 0.4, greatest: 0.6 });
  });

  it("counts only rounds that both have", () => {
    expect(ratioOf([1, 1, 1], [2, 2]).rounds).toBe(2);
  });
});

/** Random numbers from 0 to 1 that are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
