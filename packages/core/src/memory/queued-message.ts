import type { OutboundRecord } from "../contract/index.ts";

/**
 * A message as a queue keeps it. A class, like all that every message has one of: literals that outlive the first collections of a large process are taken
 * for long-lived by the engine from then on (`docs/performance.md`).
 */
export class QueuedMessage {
  readonly record: OutboundRecord;
  readonly sequence: number;
  /** The same as text. */
  readonly position: string;
  /** When it is not worth delivering any more, by `performance.now()`; infinite where it is for ever. */
  readonly expiresAt: number;
  /** Kept as the last value of its topic, and sent as that. */
  readonly retained: boolean;
  /** How often it was handed out. */
  deliveries = 0;

  constructor(record: OutboundRecord, sequence: number, expiresAt: number, retained = false) {
    this.record = record;
    this.sequence = sequence;
    this.position = String(sequence);
    this.expiresAt = expiresAt;
    this.retained = retained;
  }

  /** The same for another queue, which has not handed it out. */
  again(retained: boolean = this.retained): QueuedMessage {
    return new QueuedMessage(this.record, this.sequence, this.expiresAt, retained);
  }
}

/** Whether its time is over. */
export function hasExpired({ expiresAt }: QueuedMessage): boolean {
  return expiresAt !== Infinity && expiresAt <= performance.now();
}
