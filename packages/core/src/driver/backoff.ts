/** How waiting times grow. */
export interface BackoffPolicy {
  /** The first wait, in milliseconds. */
  readonly initialMs: number;
  /** What each wait is multiplied with to make the next. */
  readonly factor: number;
  /** The longest wait, in milliseconds, before jitter. */
  readonly maxMs: number;
  /** The part of each wait that is random, from 0 (none) to 1: a wait of `w` becomes one between `w × (1 - jitter)` and `w × (1 + jitter)`. */
  readonly jitter: number;
}

/** The waits of a reconnect: 100 ms at first, doubled up to 10 s, a fifth of it random. */
export const reconnectPolicy: BackoffPolicy = { initialMs: 100, factor: 2, maxMs: 10_000, jitter: 0.2 };

/** The wait before try `attempt` + 1, in whole milliseconds; `attempt` counts from 1. */
export function backoffDelayMs(attempt: number, policy: BackoffPolicy, random: () => number = Math.random): number {
  const wait = Math.min(policy.initialMs * policy.factor ** (attempt - 1), policy.maxMs);
  return Math.round(wait * (1 + policy.jitter * (2 * random() - 1)));
}

/** Resolves after `delayMs`, or at once when the signal aborts; never rejects. */
export function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal?.addEventListener("abort", done, { once: true });
  });
}
