import type { ClientMessage, ClientPosition } from "./client.ts";

/** A record that somebody waits for. */
export interface Pending {
  readonly message: ClientMessage;
  readonly bytes: number;
  readonly token: string;
  readonly sending: number;
  readonly resolve: (position: ClientPosition | undefined) => void;
  readonly reject: (error: Error) => void;
  done: boolean;
}

/** What one request holds. The array of its messages stays the same when it is sent again. */
export interface Batch {
  readonly pending: Pending[];
  readonly messages: readonly ClientMessage[];
}

/** How many outcomes are remembered for those who ask late. */
const maxOutcomes = 10_000;

/**
 * Batches of which nobody knows whether they were written. Each is sent again as it was, before anything later of its topic, and whoever publishes one of
 * its messages again waits for that.
 */
export class UncertainBatches {
  readonly #byTopic = new Map<string, Batch>();
  readonly #outcomes = new Map<string, ClientPosition | undefined>();

  /** Keeps a batch until it is sent again. Of a topic there is one, since one is on its way at a time. */
  keep(topic: string, batch: Batch): void {
    this.#byTopic.set(topic, batch);
  }

  /** Takes the batch that is to be sent before all others. */
  take(topic: string): Batch | undefined {
    const batch = this.#byTopic.get(topic);
    this.#byTopic.delete(topic);
    return batch;
  }

  /** Remembers where a record was written whose publisher has not come again yet. */
  remember(token: string, position: ClientPosition | undefined): void {
    this.#outcomes.set(token, position);
    if (this.#outcomes.size <= maxOutcomes) return;
    const [oldest] = this.#outcomes.keys();
    if (oldest !== undefined) this.#outcomes.delete(oldest);
  }

  /**
   * Finds what becomes of a record that is published again.
   *
   * @param underway What of the topic is on its way.
   * @returns False where it is not one of these, and is to be sent like any other.
   */
  join(topic: string, again: Pending, underway: Batch | undefined): boolean {
    for (const batch of [underway, this.#byTopic.get(topic)]) {
      const index = batch?.pending.findIndex(({ token }) => token === again.token) ?? -1;
      if (batch === undefined || index < 0) continue;
      batch.pending[index] = again;
      return true;
    }
    if (!this.#outcomes.has(again.token)) return false;
    const position = this.#outcomes.get(again.token);
    this.#outcomes.delete(again.token);
    again.done = true;
    // Whoever publishes has no word of it before the call has returned.
    queueMicrotask(() => again.resolve(position));
    return true;
  }
}
