/** The longest time that a timer takes, in milliseconds, which is 24 days: one that is set for longer fires after 1 ms. */
export const longestMs: number = 2 ** 31 - 1;

/** Tells whether a value is a number of milliseconds that a timer takes, from `leastMs` on. For whatever is a duration in options. */
export function isDuration(value: unknown, leastMs = 0): value is number {
  return typeof value === "number" && value >= leastMs && value <= longestMs;
}
