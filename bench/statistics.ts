import type { Latency } from "./measurement.ts";

/** The middle one; between the two middle ones where there is none. `NaN` of nothing. */
export function median(numbers: readonly number[]): number {
  return percentile(numbers, 50);
}

/** What so many percent lie below, by linear interpolation. `NaN` of nothing. */
export function percentile(numbers: readonly number[], percent: number): number {
  return percentileOfSorted(numbers.toSorted(ascending), percent);
}

function percentileOfSorted(sorted: readonly number[], percent: number): number {
  const place = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** The latencies that are told, of single ones in milliseconds. */
export function latencyOf(milliseconds: readonly number[]): Latency {
  const sorted = milliseconds.toSorted(ascending);
  return {
    p50: percentileOfSorted(sorted, 50),
    p99: percentileOfSorted(sorted, 99),
    p999: percentileOfSorted(sorted, 99.9),
    max: sorted.at(-1) ?? NaN,
  };
}

/** How far numbers lie apart, as a part of their median: half of the distance between the least and the greatest. */
export function spread(numbers: readonly number[]): number {
  if (numbers.length === 0) return NaN;
  return (Math.max(...numbers) - Math.min(...numbers)) / 2 / Math.abs(median(numbers));
}

/** A ratio as it was measured in rounds. */
export interface Ratio {
  /** The median of the ratios of the rounds. */
  readonly ratio: number;
  readonly least: number;
  readonly greatest: number;
  /** The standard error of that median, as a part of it. */
  readonly noise: number;
  readonly rounds: number;
}

/**
 * The ratio of what was measured side by side, round by round: what slows the machine down for a while slows both down, and is no noise of the
 * ratio.
 */
export function ratioOf(numbers: readonly number[], others: readonly number[]): Ratio {
  const ratios = numbers.slice(0, others.length).map((number, round) => number / (others[round] ?? NaN));
  const middle = median(ratios);
  return {
    ratio: middle,
    least: Math.min(...ratios),
    greatest: Math.max(...ratios),
    noise: standardError(ratios) / middle,
    rounds: ratios.length,
  };
}

/**
 * The standard error of a median, from the median of the distances to it: 1.4826 of that is the standard deviation of what is spread
 * normally, and the median of n such numbers has 1.2533 / √n of it. One wild number does not move it, as it does not move the median.
 */
export function standardError(numbers: readonly number[]): number {
  const middle = median(numbers);
  const distance = median(numbers.map((number) => Math.abs(number - middle)));
  return (1.2533 * 1.4826 * distance) / Math.sqrt(numbers.length);
}

function ascending(one: number, other: number): number {
  return one - other;
}
