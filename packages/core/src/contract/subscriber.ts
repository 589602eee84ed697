import type { DeliveryGuarantee } from "./record.ts";

/** What a driver is asked to subscribe to. Everything here was checked against the driver's capabilities already. */
export interface SubscribeRequest {
  /** A bus filter (`sensor.*.temperature`, `sensor.**`, or a concrete topic) to be mapped to the native one. */
  readonly filter: string;
  /** Members with the same group and filter share the messages; absent means that this subscriber gets every one. */
  readonly group?: string;
  /**
   * The stable name of this subscription, made of `[A-Za-z0-9_-]`, at most 96 bytes: `<readable>-<hash>` of (group, filter),
   * or of (service, instance, filter) without a group. Name queues, consumers and consumer groups after it. All members of
   * a group have the same one. For a subscription that is neither grouped nor durable it is unique to this call.
   */
  readonly name: string;
  /** The stable name of this process for brokers that know members by name: `<service>-<instance>`, of `[A-Za-z0-9_-]`. */
  readonly member: string;
  /** Keep messages for this subscription while nobody is there. Survives `close`; only `remove` deletes it. */
  readonly durable: boolean;
  /** The guarantee that its messages are handed out under. */
  readonly delivery: DeliveryGuarantee;
  /** Where a subscription begins that the broker does not know yet. One that it knows goes on where it was. */
  readonly startFrom: "new" | "earliest";
  /**
   * Credit: the driver never has more deliveries out and unsettled than this, whatever the broker sends; the rest it holds
   * back at the broker. With `at-most-once` on a broker that cannot be held back (`atMostOnceBackPressure: "unsupported"`) it is the size
   * of a ring that drops the oldest and reports a `dropped` status.
   */
  readonly maxInFlight: number;
  /** How long a lost non-durable subscription is kept at the broker over a cut connection, in milliseconds. */
  readonly graceMs: number;
}

/**
 * A running subscription. It comes back by itself after a lost connection, with what was unsettled delivered again, and
 * nothing is ever subscribed twice.
 */
export interface Subscriber {
  /** Resolves once nothing more is handed out. What is out can still be settled. Never deletes anything at the broker. */
  stop(): Promise<void>;
  /** Resolves once every settlement made so far is written (and, where the broker says so, taken). */
  flush(): Promise<void>;
  /**
   * Stops, flushes, gives back what is unsettled and lets go of the connection. A durable subscription stays at the
   * broker; one that is neither durable nor grouped is deleted. Calling it again is harmless.
   */
  close(): Promise<void>;
  /** Stops handing out until `resume`; the broker is held back, the session and its keep-alive go on. */
  pause(): void;
  /** Hands out again. */
  resume(): void;
  /** Closes, and deletes the subscription at the broker for good: queue, consumer, group or session, with what it kept. */
  remove(): Promise<void>;
}
