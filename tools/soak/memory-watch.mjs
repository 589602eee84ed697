const everyMs = 100;
const megabyte = 1024 * 1024;

/** Watches how much memory this process has, as the operating system counts it. In megabytes of 1024 × 1024 bytes. */
export class MemoryWatch {
  #highest = 0;
  #timer;

  constructor() {
    this.#timer = setInterval(() => this.now(), everyMs);
    this.#timer.unref();
  }

  /** How much it has now. */
  now() {
    const rss = process.memoryUsage.rss();
    this.#highest = Math.max(this.#highest, rss);
    return rss / megabyte;
  }

  /** The most that it had at any time that was looked at, ten times a second. */
  get highest() {
    this.now();
    return this.#highest / megabyte;
  }

  /** What JavaScript still uses after all garbage was collected: heap and buffers. */
  inUse() {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / megabyte;
  }

  /** Ends the watch. */
  stop() {
    clearInterval(this.#timer);
  }
}
