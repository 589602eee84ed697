import type { ClientMessage } from "./client.ts";

/** Who writes, as Kafka knows an idempotent producer. */
export interface ProducerId {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** What says which batch of its partition a batch is. */
export interface BatchNumber extends ProducerId {
  /** The number of its first record. */
  readonly sequence: number;
}

/** The share of a partition in what one call sends. */
export interface Share {
  readonly partition: number;
  readonly messages: ClientMessage[];
  /** Which of the call's messages they are. */
  readonly places: number[];
}

/** A share with its number; without one where the producer is not idempotent. */
export interface NumberedShare extends Share {
  readonly number?: BatchNumber;
}

/** Numbers go from 0 to this, and begin anew. */
const sequences = 2 ** 31;

/**
 * The numbers by which Kafka tells what it has already. They outlive connections: the same messages, in the same array, have the same partitions and
 * numbers however often they are sent, and are kept once.
 */
export class ProducerIdentity {
  readonly #known = new WeakMap<readonly ClientMessage[], readonly NumberedShare[]>();
  #id: Promise<ProducerId> | undefined;
  #next = new Map<string, number>();

  /** The shares of messages that have numbers already. */
  numbered(messages: readonly ClientMessage[]): readonly NumberedShare[] | undefined {
    return this.#known.get(messages);
  }

  /** Numbers the shares of messages that have none yet. */
  async number(
    topic: string,
    messages: readonly ClientMessage[],
    shares: Iterable<Share>,
    begin: () => Promise<ProducerId>,
  ): Promise<readonly NumberedShare[]> {
    const id = await this.#current(begin);
    const next = this.#next;
    const numbered = Array.from(shares, (share): NumberedShare => {
      const key = `${topic}:${share.partition}`;
      const sequence = next.get(key) ?? 0;
      next.set(key, (sequence + share.messages.length) % sequences);
      return { ...share, number: { ...id, sequence } };
    });
    this.#known.set(messages, numbered);
    return numbered;
  }

  /** Some of what was numbered will never be there: begins anew, as somebody else. */
  forget(): void {
    this.#id = undefined;
    this.#next = new Map();
  }

  #current(begin: () => Promise<ProducerId>): Promise<ProducerId> {
    if (this.#id === undefined) {
      const id = begin();
      this.#id = id;
      id.catch(() => {
        if (this.#id === id) this.#id = undefined;
      });
    }
    return this.#id;
  }
}
