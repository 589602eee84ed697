/**
 * How a broker comes by a feature: `native` (the broker does it), `emulated` (the driver or core does it, documented on the
 * broker's page), `unsupported` (asking for it is a typed error, never silence).
 */
export type Support = "native" | "emulated" | "unsupported";

/** Everything that can differ between brokers and that somebody may ask for. The names are what errors and tables print. */
export interface Capabilities {
  /** `delivery: "at-least-once"`: a confirmed publish, and acknowledgement after the handler. */
  readonly atLeastOnce: Support;
  /** `delivery: "at-most-once"`. */
  readonly atMostOnce: Support;
  /** Competing consumers: each message to one member of a group. */
  readonly groups: Support;
  /** No group: every subscriber gets each message. */
  readonly broadcast: Support;
  /** Filters with `*` and `**`. */
  readonly wildcards: Support;
  /** Messages are kept for a subscription while its process is away. */
  readonly durable: Support;
  /** `startFrom: "earliest"` for a subscription that is new. */
  readonly startFromEarliest: Support;
  /** User headers. */
  readonly headers: Support;
  /** A message with an empty body is an ordinary message everywhere, also where it is kept (`retain`, compaction). */
  readonly emptyBody: Support;
  /** One message can be given back without ending the connection. */
  readonly releaseOne: Support;
  /** `settle("release", delayMs)` is honoured by the broker. */
  readonly delayedRelease: Support;
  /** `Delivery.deliveries` is there. */
  readonly deliveryCount: Support;
  /** The order of a key holds across all members of a group, not only inside one process. */
  readonly keyOrderAcrossMembers: Support;
  /** The broker can be held back: an at-most-once subscription that is full loses nothing. `unsupported`: a bounded ring drops the oldest. */
  readonly atMostOnceBackPressure: Support;
  /** `Receipt.routed` is there, so `requireSubscriber` can be honoured. */
  readonly routing: Support;
  /**
   * A publish that core sends again, because its confirm was lost on the way, is kept once: the broker knows it by
   * `OutboundRecord.publishToken`, for a time or a number of messages that the broker's page names. Two calls are two messages, also
   * under one id.
   */
  readonly publishDedupe: Support;
  /** `retain`. */
  readonly retain: Support;
  /** `expiresInMs`. */
  readonly expiry: Support;
  /** `delayMs` on publish. */
  readonly delay: Support;
  /** `priority`. */
  readonly priority: Support;
  /** The facet `Broker.deadLetters` works against this server. */
  readonly deadLetters: Support;
  /**
   * Requests and answers: `replyTo` and `correlationId` travel with a record. `native`: an address of its own for each process costs next
   * to nothing. `emulated`: an address is dear (a Kafka topic), so core shares one between the processes of a service.
   */
  readonly replies: Support;
  /** The facet `Broker.lag`. */
  readonly lag: Support;
  /** The broker knows the members of a durable subscription by name, so each process needs a stable `instance`. `unsupported`: it does not. */
  readonly memberNames: Support;
}

/** The name of a capability. */
export type CapabilityName = keyof Capabilities;

/** What the server at the other end really does, found out while opening and again after every reconnect. */
export interface EffectiveCapabilities {
  /** The product behind the protocol, such as `mosquitto`, `HiveMQ`, `RabbitMQ`. `unknown` where it does not tell. */
  readonly product: string;
  /** Its version as it prints it; `unknown` where it does not tell. */
  readonly version: string;
  /** Never more than the driver declares. */
  readonly supports: Capabilities;
  /** What it takes no more of. */
  readonly limits: BrokerLimits;
  /** What this server, as it is set up, loses or weakens by itself: one sentence each, with what to do. Printed at start-up. */
  readonly warnings: readonly string[];
}

/** Bounds that core keeps to, so that nothing is sent which breaks them. An absent one is unknown or unbounded. */
export interface BrokerLimits {
  /** The largest body the server takes, in bytes. A larger one is refused before it is sent. */
  readonly maxBodyBytes?: number;
  /**
   * How long a message may stay unsettled before the server takes it back, in milliseconds, lease extension included. Core holds none for
   * longer, and refuses a retry policy whose waits add up to more.
   */
  readonly maxHoldMs?: number;
  /**
   * The most calls of `publish` and `post` that may be unanswered at once, of both guarantees together; more wait in core. Absent too where the driver
   * keeps to such a bound by itself.
   */
  readonly maxInFlight?: number;
}
