import { indexOf } from "../payload.ts";
import type { Payload } from "../payload.ts";

/** Counts what is handled, each message once. */
export class Tally {
  #seen = new Uint8Array(1 << 16);
  #handled = 0;
  #duplicates = 0;
  #wanted = Infinity;
  #reached: (() => void) | undefined;
  readonly #onHandled: (index: number) => void;

  /** @param onHandled Called for each message, with its number, before it is counted. */
  constructor(onHandled: (index: number) => void = () => undefined) {
    this.#onHandled = onHandled;
  }

  /** Different messages that were handled. */
  get handled(): number {
    return this.#handled;
  }

  /** How many came once more. */
  get duplicates(): number {
    return this.#duplicates;
  }

  take(payload: Payload): void {
    const index = indexOf(payload);
    if (index >= this.#seen.length) this.#grow(index);
    if (this.#seen[index] === 1) {
      this.#duplicates++;
      return;
    }
    this.#seen[index] = 1;
    this.#handled++;
    this.#onHandled(index);
    if (this.#handled === this.#wanted) this.#reached?.();
  }

  /** Resolves when so many were handled; rejects when nothing was handled for a while. */
  async whenHandled(count: number, patienceMs: number = 20_000): Promise<void> {
    if (this.#handled >= count) return;
    this.#wanted = count;
    const reached = new Promise<true>((resolve) => (this.#reached = () => resolve(true)));
    for (;;) {
      const before = this.#handled;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), patienceMs)));
      const done = await Promise.race([reached, late]);
      clearTimeout(timer);
      if (done) return;
      if (this.#handled === before)
        throw new Error(`${this.#handled} of ${count} messages were handled, and no other in ${patienceMs / 1000} s.`);
    }
  }

  #grow(index: number): void {
    const larger = new Uint8Array(Math.max(index + 1, 2 * this.#seen.length));
    larger.set(this.#seen);
    this.#seen = larger;
  }
}
