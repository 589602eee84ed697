import type { AbortOptions } from "./abort-options.ts";
import type { InboundRecord, OutboundRecord } from "./record.ts";

/** A dead letter as the broker keeps it. Core wrote what is inside; a driver only stores, lists and removes it. */
export interface StoredDeadLetter {
  /** Names this dead letter for `remove`. Opaque to core. */
  readonly handle: string;
  /** As `put` was given it: headers, body and content type the same. */
  readonly record: InboundRecord;
}

/**
 * Where a broker keeps dead letters: under the reserved topic `_busbar.dlq.<group>`, in whatever on this broker keeps
 * messages for nobody in particular (a compacted topic, a classic durable queue, a stream, retained messages). Records
 * come with a body that is never empty.
 */
export interface DeadLetterStore {
  /**
   * Resolves once the broker confirmed it, durably; rejects like `publish`. Putting the same `slot` again replaces the
   * former where the broker can, and adds a second one where it cannot.
   *
   * @param slot A name of `[A-Za-z0-9_-]`, unique to the message and the place it came from.
   */
  put(group: string, slot: string, record: OutboundRecord, options?: AbortOptions): Promise<void>;
  /** Yields every dead letter of the group, the oldest first where the broker keeps order, and ends. Removes nothing. */
  list(group: string, options?: AbortOptions): AsyncIterable<StoredDeadLetter>;
  /** Resolves to how many of the named ones were there and are removed for good. */
  remove(group: string, handles: readonly string[], options?: AbortOptions): Promise<number>;
}

/** How far a durable subscription is behind, where the broker can tell. */
export interface LagProbe {
  /** Resolves to the number of messages waiting, or `undefined` where it cannot be told at the moment. */
  lag(subscription: string, options?: AbortOptions): Promise<number | undefined>;
}
