import type { ConsumerInfo } from "@nats-io/jetstream";

/** What the server knows of a consumer's deliveries, as far as it matters here. */
type Standing = Pick<ConsumerInfo, "ack_floor" | "delivered" | "num_ack_pending" | "num_waiting">;

/**
 * What a consumer delivered here. The server numbers the deliveries of a consumer one after the other, over all members, so that
 * a process sees whether others get some of them. After a cut this tells whose it is what was sent and did not arrive.
 */
export class Arrivals {
  /** From this delivery on every one came here, up to `#last`. */
  #since = 1;
  #last = 0;
  /** What was given back for later: until when the server keeps it, by `performance.now()`, by its place in the stream. */
  readonly #postponed = new Map<number, number>();

  /** Begins behind a delivery. */
  begin(delivery: number): void {
    this.#since = delivery + 1;
    this.#last = delivery;
  }

  /** How many deliveries the server has counted that did not come here; below zero where it knows less than came, having taken over from another. */
  missing({ delivered }: Pick<Standing, "delivered">): number {
    return delivered.consumer_seq - this.#last;
  }

  came(delivery: number, sequence: number): void {
    this.#postponed.delete(sequence);
    if (delivery > this.#last + 1) this.#since = delivery;
    this.#last = Math.max(this.#last, delivery);
  }

  /**
   * Tells whether all that is unsettled was sent to this process: all of it is later than when others last got something,
   * nobody else waits for more, and no more are missing than it had asked for.
   */
  areAll({ ack_floor, delivered, num_waiting }: Standing, asked: number): boolean {
    return num_waiting === 0 && ack_floor.consumer_seq + 1 >= this.#since && this.missing({ delivered }) <= asked;
  }

  postponed(sequence: number, until: number): void {
    this.#postponed.set(sequence, until);
  }

  /** When the last message comes that is not to come yet, by `performance.now()`; `undefined` where there is none. */
  postponedUntil(now: number): number | undefined {
    const kept = this.keptBack(now);
    return kept.size === 0 ? undefined : Math.max(...this.#postponed.values());
  }

  /** The messages that are not to come yet. */
  keptBack(now: number): ReadonlySet<number> {
    for (const [sequence, until] of this.#postponed) if (until <= now) this.#postponed.delete(sequence);
    return new Set(this.#postponed.keys());
  }

  /** The server goes on behind this delivery: what is missing before it was sent to this process, and was given back. */
  goOnBehind(delivery: number): void {
    this.#last = delivery;
  }
}
