import type { Client } from "../clients/client.ts";
import type { Payload } from "../payload.ts";

/** How messages are published. */
export interface PumpPlan {
  readonly client: Client;
  readonly topic: string;
  readonly payloadOf: (index: number) => Payload;
  readonly keyOf: (index: number) => string | undefined;
  /** How many may be published and not handled yet. */
  readonly unhandledAtMost: number;
  /** How many may be unconfirmed, where it is fewer than the client likes. */
  readonly unconfirmedAtMost?: number;
  /** Called with the number of each message right before it is published. */
  readonly onPublish?: (index: number) => void;
}

/** After so many messages the compiler of the engine has seen everything often. */
const warmAfter = 15_000;

/** Publishes as fast as it is confirmed, within the client's window; every message has a number of its own. */
export class Pump {
  readonly #plan: PumpPlan;
  #next = 0;
  #unconfirmed = 0;
  #handled = 0;
  #endsAt = 0;
  #endsWith = Infinity;
  #filling = false;
  #done: (() => void) | undefined;
  #failed: ((error: unknown) => void) | undefined;
  readonly #confirmed = (error?: unknown): void => {
    this.#unconfirmed--;
    if (error !== undefined && error !== null) return this.#failed?.(error);
    this.#fill();
  };

  constructor(plan: PumpPlan) {
    this.#plan = plan;
  }

  /** How many were published so far. */
  get published(): number {
    return this.#next;
  }

  /** To be called when one was handled, where that bounds publishing. */
  handled(): void {
    this.#handled++;
    if (this.#plan.unhandledAtMost !== Infinity) this.#fill();
  }

  /** Publishes for this long, at most so many; resolves once all that was published is confirmed. Rejects when one is refused. */
  run(forMs: number, atMost: number = Infinity): Promise<void> {
    this.#endsAt = performance.now() + forMs;
    this.#endsWith = this.#next + atMost;
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
      this.#fill();
    });
  }

  /**
   * Publishes until the code is warm: for this long, and then until there were enough messages for the compiler, but no longer than three times
   * as long, for some are slow.
   */
  async warmUp(forMs: number): Promise<void> {
    for (let turn = 0; turn < 3 && (turn === 0 || this.#next < warmAfter); turn++) await this.run(forMs);
  }

  #fill(): void {
    if (this.#filling) return;
    this.#filling = true;
    const {
      client,
      topic,
      payloadOf,
      keyOf,
      unhandledAtMost,
      unconfirmedAtMost = client.window,
      onPublish,
    } = this.#plan;
    while (
      this.#unconfirmed < unconfirmedAtMost &&
      this.#next - this.#handled < unhandledAtMost &&
      this.#next < this.#endsWith &&
      performance.now() < this.#endsAt
    ) {
      const index = this.#next++;
      this.#unconfirmed++;
      onPublish?.(index);
      client.publish(topic, payloadOf(index), keyOf(index), this.#confirmed);
    }
    this.#filling = false;
    const over = this.#next >= this.#endsWith || performance.now() >= this.#endsAt;
    if (over && this.#unconfirmed === 0) this.#done?.();
  }
}
