import type { OutboundRecord } from "../contract/index.ts";
import { longestMs } from "../driver/duration.ts";

/** Messages that are held back until their time, each once however often it is sent. Nothing stays in it with the process otherwise done. */
export class MemoryHolding {
  /** By the token of the publish call. */
  readonly #held = new Set<string>();
  readonly #onDue: (record: OutboundRecord) => void;

  /** @param onDue Takes the message when its time has come, never before. */
  constructor(onDue: (record: OutboundRecord) => void) {
    this.#onDue = onDue;
  }

  /** How many are held. */
  get size(): number {
    return this.#held.size;
  }

  has({ publishToken }: OutboundRecord): boolean {
    return this.#held.has(publishToken);
  }

  hold(record: OutboundRecord, delayMs: number): void {
    this.#held.add(record.publishToken);
    this.#wait(record, performance.now() + delayMs);
  }

  #wait(record: OutboundRecord, dueAt: number): void {
    // Up to the whole millisecond, because timers end a fraction of one early.
    const leftMs = Math.ceil(dueAt - performance.now());
    if (leftMs <= 0) {
      this.#held.delete(record.publishToken);
      this.#onDue(record);
      return;
    }
    const timer: unknown = setTimeout(() => this.#wait(record, dueAt), Math.min(leftMs, longestMs));
    // A number in browsers.
    (timer as { unref?: () => void }).unref?.();
  }
}
