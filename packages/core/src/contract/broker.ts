import type { AbortOptions } from "./abort-options.ts";
import type { Capabilities, EffectiveCapabilities } from "./capabilities.ts";
import type { Delivery } from "./delivery.ts";
import type { DeadLetterStore, LagProbe } from "./facets.ts";
import type { OutboundRecord, PublishOutcome, Receipt } from "./record.ts";
import type { BrokerStatus } from "./status.ts";
import type { SubscribeRequest, Subscriber } from "./subscriber.ts";

/**
 * A driver: one broker, spoken to through its client library. Bytes in, bytes out. Everything that should be the same on
 * every broker (codecs, validation, retry policies, lanes, timeouts, tracing) is written once in core and is
 * none of a driver's business. A driver reports; it does not decide.
 *
 * **Errors.** Whatever goes wrong is thrown as a `BusError`, made by the driver's `classify.ts`: `retryable: true` for what
 * may work when tried again, `false` for what will not (refused, too large, wrong password).
 *
 * **Never throw into a client library.** `sink` does not throw, and a driver lets no exception of its own cross a client's
 * callback either.
 *
 * **Reconnecting** is the driver's: after `open` succeeded once it reconnects by itself, with backoff and jitter, for ever,
 * brings its subscriptions back, and tells of it by status. Deliveries from before are `stale`.
 *
 * @typeParam C What the driver can do at best, as literals, so that types and documents can read it.
 * @typeParam N The client library's own object.
 */
export interface Broker<C extends Capabilities = Capabilities, N = unknown> {
  /** The adapter's name, such as `mqtt`. */
  readonly name: string;
  /** The upper bound of what any server of this kind does, known before any I/O. */
  readonly declared: C;
  /** The client itself, for what the bus does not offer. Throws before `open`. */
  readonly native: N;
  /** Where dead letters live. Absent where `declared.deadLetters` is `unsupported`. */
  readonly deadLetters?: DeadLetterStore;
  /** Absent where `declared.lag` is `unsupported`. */
  readonly lag?: LagProbe;

  /**
   * Connects once and finds out what the server does. One attempt: rejects retryable when the server cannot be reached,
   * and not retryable when it refuses (wrong password); nothing is left open then, and it may be called again.
   */
  open(options?: AbortOptions): Promise<EffectiveCapabilities>;

  /**
   * Resolves once the broker has the message as safely as `record.delivery` asks: confirmed for `at-least-once`, written to the
   * socket for `at-most-once`. Calls may be made without waiting for each other; those for one address and key
   * reach the broker in the order of the calls.
   *
   * Rejects promptly and retryable when the connection is lost or absent; it never waits for a reconnect and never
   * sends again by itself, core does. When a publish is rejected with `retryable: true`, every later unconfirmed publish to the same
   * address and key is rejected so too, so that core can send them again in order. A publish aborted by its signal
   * may still reach the broker.
   */
  publish(record: OutboundRecord, options?: AbortOptions): Promise<Receipt>;

  /**
   * `publish` without its promise, for core, which publishes by the thousand: tells `outcome` what the promise would, once, a confirm never before the
   * call has returned. Throws nothing. Worth having where the client takes a callback, and absent where it gives a promise anyway.
   */
  post?(record: OutboundRecord, outcome: PublishOutcome): void;

  /**
   * Resolves when a message published from now on, by anybody, would be received. Hands each delivery to `sink`, never more
   * of them unsettled than `request.maxInFlight`, and nothing after `stop`. One subscription is independent of
   * every other: a slow one holds up nobody else.
   */
  subscribe(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber>;

  /**
   * Deletes what is kept for a subscription, as `Subscriber.remove` does, without being a member of it; that nothing is kept is no failure. Worth having
   * where subscribing first would bring what is kept, or make what was not there; where it is absent core subscribes and removes.
   */
  forget?(request: SubscribeRequest): Promise<void>;

  /** Closes every subscriber and every connection, within a few seconds. Calling it again is harmless. */
  close(options?: AbortOptions): Promise<void>;

  /** Calls the listener for every status from now on; the returned function ends that. Listeners do not throw. */
  onStatus(listener: (status: BrokerStatus) => void): () => void;
}
