/** Which of the two portable promises a message travels under (`docs/wire-format.md` says how each broker keeps it). */
export type DeliveryGuarantee = "at-least-once" | "at-most-once";

/**
 * The user's own headers: one string for a name. Names are tokens (letters, digits and `!#$%&'*+-.^_|~`), values are any
 * text without control characters. Core refuses everything else before a record reaches a driver, and refuses names that
 * begin with `busbar-`, so a driver can use that prefix for its own metadata.
 * The one exception are dead letters, which core sends with headers that begin with `busbar-dead-`: a driver carries those,
 * and gives them back, like the user's own.
 */
export type Headers = Readonly<Record<string, string>>;

/**
 * A message on its way to the broker. The driver sends `body` as it is, inside no envelope unless its options ask for one, and carries everything
 * else in the place that the protocol has for it (`docs/wire-format.md`). A driver never changes a record.
 */
export interface OutboundRecord {
  /** Where the broker is to put it: a concrete bus topic. Map it to the native name with the driver's `topic.ts`. */
  readonly address: string;
  /**
   * The topic the handler will see. Equal to `address` except where the configuration folds many topics into one; then the
   * driver carries it beside the message (header `busbar-topic`) and gives it back as `InboundRecord.topic`.
   */
  readonly topic: string;
  /** The payload, encoded. */
  readonly body: Uint8Array;
  /** The user's own, checked. */
  readonly headers: Headers;
  /** The ordering key, 1 to 1024 characters. Native on Kafka, metadata (`busbar-key`) elsewhere. */
  readonly key?: string | undefined;
  /** The id of the message, the same over every resend. */
  readonly id: string;
  /** Milliseconds since the epoch, when the message was made. */
  readonly timestamp: number;
  /** A media type, such as `application/json`. */
  readonly contentType: string;
  /** The guarantee that it travels under. */
  readonly delivery: DeliveryGuarantee;
  /**
   * Where an answer is to go: a bus address. Native where the protocol has it (AMQP `replyTo`, MQTT 5 response topic), else metadata. For such a
   * record a driver that can say `Receipt.routed` says it under at-most-once too, so that nobody waits for an answer that cannot come.
   */
  readonly replyTo?: string | undefined;
  /** Goes with `replyTo`, and comes back in the answer. Native where the protocol has it, else metadata. */
  readonly correlationId?: string | undefined;
  /**
   * 1 for the first time this publish call is sent, 2 and up when core sends it again after a retryable failure. With `id`
   * it lets a broker that dedupes recognise a resend; `publishToken` is the same over the resends of one publish call.
   */
  readonly sending: number;
  /** Unique to the publish call, the same over its resends, different for a replay of the same message: printable ASCII without spaces. */
  readonly publishToken: string;
  /** True for what the bus had from somebody and publishes again: a dead letter, and one that is replayed. Absent: a publish of its own. */
  readonly passedOn?: boolean | undefined;
  /** Ask the broker to keep this as the last value of its topic (`retain`). Absent: no. */
  readonly retain?: boolean | undefined;
  /** How long the message is worth delivering, in milliseconds, more than 0 (`expiry`). Absent: for ever. */
  readonly expiresInMs?: number | undefined;
  /** How long the broker is to hold the message back, in milliseconds, more than 0 (`delay`). Absent: not at all. */
  readonly delayMs?: number | undefined;
  /** A whole number from 0 to 255; higher goes first (`priority`). Absent: the broker's default. */
  readonly priority?: number | undefined;
}

/**
 * A message as it came from the broker. A foreign client's message has none of the bus's metadata: what it does not carry
 * is left out here, and core fills in what a handler needs.
 */
export interface InboundRecord {
  /** The bus topic it was read from. */
  readonly address: string;
  /** The topic it was published to, where the message itself says so (`busbar-topic`); absent means `address`. */
  readonly topic?: string | undefined;
  /** The bytes as they arrived, a `Buffer` or not. Each delivery has bytes of its own, so a handler may change them. */
  readonly body: Uint8Array;
  /** The user's headers only, without the bus's own metadata. Each delivery has an object of its own. */
  readonly headers: Headers;
  /** The ordering key. Absent: none. */
  readonly key?: string | undefined;
  /** The id that whoever published it gave. Absent: none, and core gives it one. */
  readonly id?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number | undefined;
  /** A media type, as it came. Absent: the message does not say. */
  readonly contentType?: string | undefined;
  /** The bus address that an answer is to go to. */
  readonly replyTo?: string | undefined;
  /** What an answer is to bring back. */
  readonly correlationId?: string | undefined;
  /** True where the broker sent a kept last value rather than a message published just now. */
  readonly retained?: boolean | undefined;
  /** What the client library handed over, for `message.native`. */
  readonly native?: unknown;
}

/** What the broker said of a confirmed publish. */
export interface Receipt {
  /** The id of the message. */
  readonly id: string;
  /** False where the broker can tell that nobody is subscribed (`routing`), true where it can tell that somebody is, else absent. */
  readonly routed?: boolean;
  /** Where the message lies in the broker's log, where it has one: `topic/partition/offset`, `stream/sequence`. */
  readonly position?: string;
}

/** Who is told what became of a publish. Neither call throws. */
export interface PublishOutcome {
  /** The broker has it, as safely as its guarantee asks. */
  confirmed(receipt: Receipt): void;
  /** It failed, as `publish` would have rejected. */
  refused(error: Error): void;
}
