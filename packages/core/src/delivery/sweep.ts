/** Something with bounds of time, looked at now and then. */
export interface Swept {
  /** Acts on what is due at `now` (`performance.now()`), and tells whether there is anything left to wait for. */
  sweep(now: number): boolean;
}

/** How often the sweep looks, in milliseconds: the precision of every retry and timeout of the bus. */
export const sweepIntervalMs = 20;

/**
 * One coarse timer for all retries and timeouts of a bus, instead of a timer for each message: a timer costs more than
 * the message. It runs only while somebody waits.
 */
export class Sweep {
  readonly #swept = new Set<Swept>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Looks at `swept` from now on, until it has nothing left to wait for. */
  watch(swept: Swept): void {
    this.#swept.add(swept);
    this.#timer ??= setInterval(() => this.#run(), sweepIntervalMs);
  }

  #run(): void {
    const now = performance.now();
    for (const swept of this.#swept) if (!swept.sweep(now)) this.#swept.delete(swept);
    if (this.#swept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
