import type { EffectiveCapabilities } from "./capabilities.ts";
import type { Delivery, Outcome } from "./delivery.ts";

/** Something that happened to a broker connection or a subscription, told to whoever listens with `Broker.onStatus`. */
export type BrokerStatus =
  /** Publishing works: after `open`, and again after every reconnect. */
  | { readonly type: "connected"; readonly effective: EffectiveCapabilities }
  /** Publishing does not work for now; the driver reconnects by itself, with backoff and jitter, for ever. */
  | { readonly type: "disconnected"; readonly error?: Error }
  /** A subscription lost its connection (`connected: false`) or has it back. `name` is `SubscribeRequest.name`. */
  | { readonly type: "subscription"; readonly name: string; readonly connected: boolean; readonly error?: Error }
  /** The server asks to hold back (`blocked`), or takes messages again. */
  | { readonly type: "flow"; readonly blocked: boolean; readonly reason?: string }
  /**
   * An acknowledgement could not be written; the broker will deliver that message again. `delivery` is the one that was settled, or what a driver
   * has kept of it: its position, and the address and id of its record.
   */
  | {
      readonly type: "settlement-failed";
      readonly name: string;
      readonly delivery: Delivery;
      readonly outcome: Outcome;
      readonly error: Error;
    }
  /**
   * Messages went to another member of the group, as a partition does, and not only with a lost connection: `positions` are those of their
   * deliveries, which are stale by now. Told by drivers whose broker tells them, after it is known who has what.
   */
  | { readonly type: "revoked"; readonly name: string; readonly positions: readonly string[] }
  /** A subscription's place in the log, or its session, is gone: messages may have been missed. */
  | { readonly type: "position-lost"; readonly name: string; readonly reason: string }
  /** An at-most-once subscription was full and let go of this many messages, the oldest first. */
  | { readonly type: "dropped"; readonly name: string; readonly count: number }
  /**
   * It will not come back by itself: wrong password, instance name in use, deleted by somebody. Says of no more than what is over: with `name` that
   * subscription ends; with `only: "publishing"` every publish rejects with the error, and subscriptions go on, since what they have taken is lost to nobody
   * and each tells of its own end; with neither all of the broker is over, as where publishing and subscribing share one connection.
   */
  | { readonly type: "fatal"; readonly error: Error; readonly name: string }
  | { readonly type: "fatal"; readonly error: Error; readonly name?: undefined; readonly only?: "publishing" };
