import { expect, it } from "vitest";
import { isDuration, longestMs } from "../../src/driver/index.ts";

it("is a number of milliseconds that a timer takes", () => {
  for (const value of [0, 0.5, 1, 2_147_483_647]) expect(isDuration(value), String(value)).toBe(true);
  for (const value of [-1, 2_147_483_648, Number.NaN, Number.POSITIVE_INFINITY, "5", null, undefined])
    expect(isDuration(value), String(value)).toBe(false);
  expect(isDuration(999, 1_000)).toBe(false);
  expect(isDuration(1_000, 1_000)).toBe(true);
  expect(longestMs).toBe(2_147_483_647);
});
