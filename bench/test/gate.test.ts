import { describe, expect, it } from "vitest";
import type { Baseline } from "../baseline.ts";
import { compare, gatedRatios, missing, verdictRows } from "../gate.ts";
import type { Ratio } from "../statistics.ts";
import { resultOf } from "./results.ts";

const name = "nats end-to-end, at-least-once: messages a second";

describe("the regression gate", () => {
  it("looks at the ratio of rates and at that of processor time", () => {
    const ratios = gatedRatios([resultOf({ expert: [100, 200, 300], bus: [50, 100, 150] })]);
    expect(Object.keys(ratios)).toEqual([name, "nats end-to-end, at-least-once: processor time"]);
    expect(ratios[name]).toMatchObject({ ratio: 0.5, noise: 0 });
    expect(ratios["nats end-to-end, at-least-once: processor time"]?.ratio).toBeCloseTo(0.5, 10);
  });

  it("does not look at what went wrong", () => {
    expect(gatedRatios([resultOf({ expert: [1], bus: [1] }, {}, ["a message got lost"])])).toEqual({});
  });

  it("looks at nothing but end to end, at least once, in a run that measured more", () => {
    const samples = { expert: [1], bus: [1] };
    const others = [resultOf(samples, { section: "latency" }), resultOf(samples, { delivery: "at-most-once" })];
    expect(gatedRatios(others)).toEqual({});
  });

  it("holds where a ratio is the same, better, or less by no more than 5 %", () => {
    for (const now of [0.8, 0.9, 0.761]) expect(saysOf(ratio(0.8), ratio(now))).toBe("held");
  });

  it("finds a ratio that fell by more than 5 % where there is no noise", () => {
    expect(saysOf(ratio(0.8), ratio(0.759))).toBe("regressed");
  });

  it("allows three standard errors of the difference", () => {
    const before = ratio(0.8, 0.03);
    // 3 × √(0.03² + 0.04²) = 15 %
    expect(saysOf(before, ratio(0.8 * 0.851, 0.04))).toBe("held");
    expect(saysOf(before, ratio(0.8 * 0.849, 0.04))).toBe("regressed");
  });

  it("says that it cannot tell instead of passing what is too noisy", () => {
    expect(saysOf(ratio(0.8, 0.08), ratio(0.79, 0.08))).toBe("noisy");
  });

  it("finds a great fall also in noise", () => {
    expect(saysOf(ratio(0.8, 0.08), ratio(0.4, 0.08))).toBe("regressed");
  });

  it("takes what is not a number for a regression", () => {
    expect(saysOf(ratio(0.8), ratio(NaN))).toBe("regressed");
  });

  it("compares what is new with nothing, and names what is missing", () => {
    const baseline: Baseline = { rounds: 5, ratios: { old: ratio(1) } };
    expect(compare(baseline, { [name]: ratio(1) })).toMatchObject([{ name, says: "new" }]);
    expect(missing(baseline, { [name]: ratio(1) })).toEqual(["old"]);
  });

  it("shows each verdict as a row", () => {
    const verdicts = compare({ rounds: 5, ratios: { [name]: ratio(0.8) } }, { [name]: ratio(0.5) });
    expect(verdictRows(verdicts)[1]).toEqual([name, "0.80", "0.50", "5 %", "regressed"]);
  });
});

function saysOf(before: Ratio, now: Ratio): string | undefined {
  return compare({ rounds: 5, ratios: { [name]: before } }, { [name]: now })[0]?.says;
}

function ratio(middle: number, noise: number = 0): Ratio {
  return { ratio: middle, least: middle, greatest: middle, noise, rounds: 5 };
}
