import type { OutboundRecord } from "../contract/index.ts";

/** A message as a queue keeps it. */
export interface QueuedMessage {
  readonly record: OutboundRecord;
  readonly sequence: number;
  /** The same as text. */
  readonly position: string;
  /** When it is not worth delivering any more, by `performance.now()`; infinite where it is for ever. */
  readonly expiresAt: number;
  /** Kept as the last value of its topic, and sent as that. */
  readonly retained: boolean;
  /** How often it was handed out. */
  deliveries: number;
}

/** Whether its time is over. */
export function hasExpired({ expiresAt }: QueuedMessage): boolean {
  return expiresAt !== Infinity && expiresAt <= performance.now();
}
