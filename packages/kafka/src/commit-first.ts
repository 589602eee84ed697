import type { PartitionOffset } from "./client.ts";
import type { KafkaArrival } from "./kafka-arrival.ts";

/** What committing first needs. */
export interface CommitFirstOptions {
  /** How many more may be out at the moment. */
  readonly room: () => number;
  readonly commit: (offsets: readonly PartitionOffset[]) => Promise<void>;
  readonly offer: (arrival: KafkaArrival) => void;
}

/** The wait before a commit that failed is tried again, where the assignment still holds. */
const retryMs = 200;

/**
 * At-most-once: a message is committed before it is handed out, and no more of them than there is credit for, so that
 * an orderly stop loses nothing and a crash at most what was out.
 */
export class CommitFirst {
  readonly #options: CommitFirstOptions;
  #waiting: KafkaArrival[] = [];
  #head = 0;
  #round: Promise<void> | undefined;
  #epoch = 0;
  #held = false;

  constructor(options: CommitFirstOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  add(arrival: KafkaArrival): void {
    this.#waiting.push(arrival);
  }

  /** Hands out what there is room for. Call it whenever there may be room. */
  pump(): void {
    if (this.#round !== undefined || this.#held || this.waiting === 0 || this.#options.room() <= 0) return;
    this.#round = this.#next().then((again) => {
      this.#round = undefined;
      if (again) this.pump();
    });
  }

  /** Commits nothing more until `release`; resolves once what was committed is handed out. */
  async hold(): Promise<void> {
    this.#held = true;
    await this.#round;
  }

  release(): void {
    this.#held = false;
  }

  /** Forgets what waits: the assignment is over. */
  clear(): void {
    this.#epoch++;
    this.#waiting = [];
    this.#head = 0;
  }

  async #next(): Promise<boolean> {
    const epoch = this.#epoch;
    const batch = this.#waiting.slice(this.#head, this.#head + this.#options.room());
    const places = new Map(
      batch.map(({ held, mark }) => [
        held.key,
        { topic: held.topic, partition: held.partition, offset: mark.offset + 1 },
      ]),
    );
    try {
      await this.#options.commit([...places.values()]);
    } catch {
      setTimeout(() => this.pump(), retryMs);
      return false;
    }
    if (epoch !== this.#epoch) return true;
    this.#head += batch.length;
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    for (const arrival of batch) this.#options.offer(arrival);
    return true;
  }
}
