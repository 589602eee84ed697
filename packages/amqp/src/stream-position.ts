/**
 * How far a stream has been read. RabbitMQ keeps no place for who reads over AMQP 0-9-1, so this is kept here, from one connection to the next:
 * what was unsettled is read again, and what was settled beyond it is not handed out twice.
 */
export class StreamPosition {
  /** Ascending, because they come so. */
  readonly #unsettled = new Set<number>();
  #next: number | undefined;

  /** Where to read from: `x-stream-offset` of a consumer (RabbitMQ, "Streams: Consuming"). */
  get from(): number | "first" {
    const [oldest = this.#next ?? "first"] = this.#unsettled;
    return oldest;
  }

  /** Tells whether it came before, on this connection or one that was lost. */
  isPast(offset: number): boolean {
    return this.#next !== undefined && offset < this.#next;
  }

  /** Tells whether what has arrived is to be handed out. */
  arrived(offset: number): boolean {
    if (this.isPast(offset)) return this.#unsettled.has(offset);
    this.#unsettled.add(offset);
    this.#next = offset + 1;
    return true;
  }

  settled(offset: number): void {
    this.#unsettled.delete(offset);
  }
}
