import type { PartitionOffset } from "./client.ts";
import { keyOf } from "./starting-positions.ts";

/** How commits are written. */
export interface CommitWriterOptions {
  readonly write: (offsets: readonly PartitionOffset[]) => Promise<void>;
  /** The least time between two writes, in milliseconds. `flush` does not wait for it. */
  readonly intervalMs: number;
  /** These places are committed, or could not be. */
  readonly onWritten: (offsets: readonly PartitionOffset[]) => void;
  readonly onFailed: (offsets: readonly PartitionOffset[], error: unknown) => void;
}

/**
 * Writes the places of a subscription: the latest of each partition, one request at a time, no more often than the interval.
 * What failed is written again with the next write, until `forget`.
 */
export class CommitWriter {
  readonly #options: CommitWriterOptions;
  #due = new Map<string, PartitionOffset>();
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writtenAt = 0;
  #epoch = 0;

  constructor(options: CommitWriterOptions) {
    this.#options = options;
  }

  /** The partition stands here now. */
  place(offset: PartitionOffset): void {
    this.#due.set(keyOf(offset), offset);
    this.#schedule();
  }

  /** Resolves once every place so far is written, or could not be. */
  async flush(): Promise<void> {
    if (this.#writing !== undefined) await this.#writing;
    // Whoever waited too may have begun the next write, and it has everything in it.
    if (this.#writing !== undefined || this.#due.size > 0) await (this.#writing ?? this.#write());
  }

  /** Forgets what is not written, and a write that is under way: it is no longer ours to write. */
  forget(): void {
    this.#epoch++;
    // On a lost connection it may take as long as its client cares to try, and nothing else would be written meanwhile.
    this.#writing = undefined;
    this.#due.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#due.size === 0 || this.#timer !== undefined || this.#writing !== undefined) return;
    const wait = Math.max(0, this.#writtenAt + this.#options.intervalMs - Date.now());
    this.#timer = setTimeout(() => void this.#write(), wait);
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const due = this.#due;
    const offsets = [...due.values()];
    this.#due = new Map();
    this.#writtenAt = Date.now();
    const epoch = this.#epoch;
    this.#writing = this.#options
      .write(offsets)
      .then(
        () => {
          if (epoch === this.#epoch) this.#options.onWritten(offsets);
        },
        (error: unknown) => {
          if (epoch !== this.#epoch) return;
          this.#due = new Map([...due, ...this.#due]);
          this.#options.onFailed(offsets, error);
        },
      )
      .then(() => {
        if (epoch !== this.#epoch) return;
        this.#writing = undefined;
        this.#schedule();
      });
    return this.#writing;
  }
}
