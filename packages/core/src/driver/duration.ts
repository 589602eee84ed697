/** The longest time that a timer takes, in milliseconds, which is 24 days: one that is set for longer fires after 1 ms. */
export const longestMs: number = 2 ** 31 - 1;

/** Tells whether a value is a number of milliseconds that a timer takes, from `leastMs` on. For whatever is a duration in options. */
export function isDuration(value: unknown, leastMs = 0): value is number {
  return typeof value === "number" && value >= leastMs && value <= longestMs;
}

/** The same for what has to take any time at all. */
export function isPositiveDuration(value: unknown): value is number {
  return isDuration(value) && value > 0;
}

/** What an option must be that is a positive duration: the end of a sentence. */
export const mustBePositiveDuration: string = `must be a number of milliseconds above 0, up to ${longestMs}`;
