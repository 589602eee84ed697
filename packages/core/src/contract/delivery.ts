import type { InboundRecord } from "./record.ts";

/**
 * How core is done with a delivery.
 * - `ack`: handled (or dead-lettered); never deliver it again.
 * - `release`: not handled; the broker is to deliver it again, to anybody in the group, where it can (`releaseOne`). A
 *   driver whose broker cannot release one message leaves it unsettled, so that it comes back with the next connection.
 * - `reject`: never deliver it again, and tell the broker so where it makes a difference (AMQP reject, NATS term).
 */
export type Outcome = "ack" | "release" | "reject";

/** One message handed to core, to be settled exactly once. */
export interface Delivery {
  /** The message. */
  readonly record: InboundRecord;
  /** How often the broker has delivered this message, 1 for the first time; absent where the broker does not count. */
  readonly deliveries?: number | undefined;
  /** True when the broker says, or the driver knows, that this message was handed out before. */
  readonly redelivered: boolean;
  /**
   * Equal for two deliveries of the same message to the same subscription, and for nothing else that is unsettled at the
   * time: `partition:offset`, `stream:sequence`, a packet id within its session. Absent where the broker has no such thing.
   */
  readonly position?: string | undefined;
  /**
   * How often its handler had failed when it was given back with a delay, as `settle` was told then; absent where it was not, and where the broker
   * has no place to keep that.
   */
  readonly failures?: number | undefined;
  /**
   * For how long the broker holds this message back itself, in milliseconds, when it is given back with a delay; `failures` is kept then, and it comes
   * behind what was published meanwhile. Absent where it does not, or cannot keep the failures: then core never gives it back with a delay.
   */
  readonly longestDelayMs?: number | undefined;
  /**
   * True once the connection (or partition assignment) that brought this delivery is gone: the broker will deliver the
   * message again, and `settle` does nothing any more.
   */
  readonly stale: boolean;
  /**
   * Settles the delivery and returns its credit. It never throws and returns at once; acknowledgements are written in
   * batches, `Subscriber.flush` waits for them. The first call wins, later ones do nothing, and a stale delivery is settled
   * by doing nothing. A settlement that fails on the way is a `settlement-failed` status.
   *
   * @param delayMs With `release`: not again before this many milliseconds. Only used where `delayedRelease` is native.
   * @param failures With `delayMs`: how often its handler has failed.
   */
  settle(outcome: Outcome, delayMs?: number, failures?: number): void;
}
