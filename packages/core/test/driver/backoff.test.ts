import { describe, expect, it } from "vitest";
import { backoffDelayMs } from "../../src/driver/backoff.ts";

const policy = { initialMs: 1, factor: 1.5, maxMs: 1_000, jitter: 0 };

describe("waits", () => {
  it("grow by their factor, also by one and a half of a millisecond", () => {
    const waits = [1, 2, 3, 4, 5, 6].map((attempt) => backoffDelayMs(attempt, policy));
    // 1, 1.5, 2.25, 3.375, 5.0625, 7.59375: each is rounded for itself, and the next grows from what it was before that.
    expect(waits).toEqual([1, 2, 2, 3, 5, 8]);
  });

  it("grow to the longest, and stay there", () => {
    expect([17, 18, 19, 2_000].map((attempt) => backoffDelayMs(attempt, policy))).toEqual([657, 985, 1_000, 1_000]);
  });

  it("are random by their jitter, to either side", () => {
    const waits = [0, 0.5, 1].map((random) =>
      backoffDelayMs(1, { ...policy, initialMs: 100, jitter: 0.2 }, () => random),
    );
    expect(waits).toEqual([80, 100, 120]);
  });
});
