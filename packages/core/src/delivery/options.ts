import type { CapabilityName, DeliveryGuarantee } from "../contract/index.ts";

/** How often, and after which waits, a failing handler runs again. */
export interface RetryPolicy {
  /** Handler runs in all, the first one included: 1 to 1,000,000. @default 3 */
  readonly attempts: number;
  /** The wait before the second run, in milliseconds, 0 or more. @default 200 */
  readonly backoffMs: number;
  /** What each wait is multiplied with to make the next, 1 or more. @default 2 */
  readonly factor: number;
  /** The longest wait, in milliseconds, 0 or more. @default 30_000 */
  readonly maxBackoffMs: number;
  /** The random part of each wait, 0 to 1. @default 0.2 */
  readonly jitter: number;
}

/** Where a message goes that no attempt could handle. */
export interface DeadLetterTarget {
  /** A topic of yours that the filter does not fit, instead of the group's own dead letters. @default those */
  readonly topic?: string;
  /** The name of another broker of the configuration. @default with a `topic` the one that `routes` name for it, else the one that the message came from */
  readonly broker?: string;
}

/**
 * Which messages may be handled at the same time. `key`: those of one topic and key one after the other, in order; a message
 * without a key waits for nobody. `all`: strictly one after the other. `none`: any.
 */
export type OrderMode = "key" | "all" | "none";

/** What a subscription can be asked for, the same on every broker. */
export interface SubscribeOptions {
  /**
   * Members with one group and filter share the messages; 1 to 64 letters, digits, `_` or `-`. @default none: every subscriber gets each message
   */
  readonly group?: string;
  /**
   * Keep messages while nobody is there.
   *
   * @default true with a group that wants them at least once, else false
   */
  readonly durable?: boolean;
  /** When a message is acknowledged: after its handler has succeeded, or before it runs. @default "at-least-once" */
  readonly delivery?: DeliveryGuarantee;
  /** Handlers running at the same time, 1 to 10,000. @default 1 */
  readonly concurrency?: number;
  /** Which messages may be handled at the same time. @default "key" */
  readonly order?: OrderMode;
  /** The most messages taken from the broker and not settled, running and waiting together: from `concurrency` to 65,535. @default max(256, 4 × concurrency) */
  readonly maxInFlight?: number;
  /** How often, and after which waits, a failing handler runs again; what is left out has its default. */
  readonly retry?: Partial<RetryPolicy>;
  /**
   * A guard against messages that end the process: one that the broker has delivered more often than this becomes a dead letter without
   * another run; 1 to 1,000,000. The broker counts every delivery, also those after a drain, a release or a lost connection, so leave room for them. Where the
   * broker does not count it is an unmet need. @default no such bound
   */
  readonly maxDeliveries?: number;
  /** A handler that runs longer is aborted, which counts as a failure. In milliseconds, more than 0. @default 300_000 */
  readonly handlerTimeoutMs?: number;
  /** `false`: acknowledge, log and count as discarded. @default the group's own dead letters on the same broker */
  readonly deadLetter?: DeadLetterTarget | false;
  /** Where a subscription begins that the broker does not know yet. @default "new" */
  readonly startFrom?: "new" | "earliest";
  /** `manual`: the handler calls `message.ack()`, `retryLater()` or `reject()` itself. @default "auto" */
  readonly settle?: "auto" | "manual";
  /**
   * What the broker must be able to do beside what the other options ask for, such as `["keyOrderAcrossMembers"]`. What it cannot do is an unmet
   * need, and refused like the others. @default nothing
   */
  readonly requires?: readonly CapabilityName[];
  /** The name of the one broker in the configuration to subscribe on. @default every one whose `routes` the filter meets */
  readonly broker?: string;
  /** Closes the subscription when it aborts. @default none */
  readonly signal?: AbortSignal;
}

/** The subscribe options that a policy in the configuration may set. */
export type PolicyOptions = Pick<
  SubscribeOptions,
  | "concurrency"
  | "order"
  | "maxInFlight"
  | "retry"
  | "maxDeliveries"
  | "handlerTimeoutMs"
  | "deadLetter"
  | "delivery"
  | "startFrom"
>;
