import type { Delivery } from "../contract/index.ts";

/** How many finished messages are remembered, at most: the oldest are forgotten, and would merely run again. */
const limit = 10_000;

/**
 * The messages that were handled while their delivery was stale: the broker does not know, and sends them again. Then they
 * are acknowledged without another run.
 */
export class FinishedMessages {
  readonly #finished = new Map<string, string | undefined>();

  get size(): number {
    return this.#finished.size;
  }

  add(identity: string | undefined, delivery: Delivery): void {
    if (identity === undefined) return;
    this.#finished.set(identity, delivery.record.id);
    if (this.#finished.size <= limit) return;
    for (const oldest of this.#finished.keys()) {
      this.#finished.delete(oldest);
      break;
    }
  }

  /** Tells whether this is a redelivery of a finished message, and forgets it. */
  take(identity: string, delivery: Delivery): boolean {
    if (!this.#finished.has(identity)) return false;
    if (!isSame(delivery, this.#finished.get(identity))) return false;
    return this.#finished.delete(identity);
  }

  /** Forgets all: positions are counted anew. */
  clear(): void {
    this.#finished.clear();
  }
}

/** By which name a redelivery of the message can be told; `undefined` where neither the broker nor the message gives one. */
export function identityOf(delivery: Delivery, prefix: string): string | undefined {
  const identity = delivery.position ?? delivery.record.id;
  return identity === undefined || prefix === "" ? identity : prefix + identity;
}

/**
 * Tells whether a delivery is the message with this id, given that their identities are equal. Ids are the users' and may
 * repeat, positions may be counted anew in a new session: so it takes both, or the broker's word that it is a redelivery.
 */
export function isSame(delivery: Delivery, id: string | undefined): boolean {
  if (delivery.record.id !== id) return false;
  return delivery.redelivered || (delivery.position !== undefined && id !== undefined);
}
