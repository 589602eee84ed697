/** A record of a partition that somebody is still to settle. */
export interface Mark {
  readonly offset: number;
  /** @internal */
  settled: boolean;
  /** @internal The record after this one. */
  next: Mark | undefined;
}

/**
 * The contiguous watermark of one partition: the offset that may be committed, below which every record is settled. Records
 * are tracked in the order of the log and settled in any order; the watermark never passes one that is not settled.
 */
export class Watermark {
  #oldest: Mark | undefined;
  #newest: Mark | undefined;
  #end: number;

  /** @param position The offset of the first record that will be tracked, or any below it. */
  constructor(position: number) {
    this.#end = position;
  }

  /** What may be committed: the offset of the oldest record that is not settled, or of the one after the last. */
  get position(): number {
    return this.#oldest?.offset ?? this.#end;
  }

  /** The offset that the next record must have at least. */
  get end(): number {
    return this.#end;
  }

  /** Adds the next record of the log. Gaps are skipped: what is not in the log needs no settlement. */
  track(offset: number): Mark {
    if (offset < this.#end) throw new RangeError(`Offset ${offset} is below ${this.#end}, which was tracked already.`);
    const mark: Mark = { offset, settled: false, next: undefined };
    if (this.#newest === undefined || this.#oldest === undefined) this.#oldest = mark;
    else this.#newest.next = mark;
    this.#newest = mark;
    this.#end = offset + 1;
    return mark;
  }

  /** The offsets that are not settled, in order. */
  *unsettled(): Iterable<number> {
    for (let mark = this.#oldest; mark !== undefined; mark = mark.next) if (!mark.settled) yield mark.offset;
  }

  /** Settles a tracked record, once or again, and tells whether the watermark moved. */
  settle(mark: Mark): boolean {
    mark.settled = true;
    if (mark !== this.#oldest) return false;
    while (this.#oldest?.settled === true) this.#oldest = this.#oldest.next;
    return true;
  }
}
