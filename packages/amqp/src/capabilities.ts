import type { BrokerLimits, EffectiveCapabilities } from "@busbar/core/contract";
import type { AmqpSettings } from "./options.ts";

/** The upper bound of what RabbitMQ does for the bus, as literals. */
export const amqpCapabilities = {
  atLeastOnce: "native",
  atMostOnce: "native",
  groups: "native",
  broadcast: "native",
  wildcards: "native",
  durable: "native",
  startFromEarliest: "native",
  headers: "native",
  emptyBody: "native",
  releaseOne: "native",
  delayedRelease: "native",
  deliveryCount: "native",
  keyOrderAcrossMembers: "unsupported",
  atMostOnceBackPressure: "native",
  routing: "native",
  publishDedupe: "unsupported",
  retain: "unsupported",
  expiry: "native",
  delay: "native",
  priority: "native",
  deadLetters: "native",
  replies: "native",
  lag: "native",
  memberNames: "unsupported",
} as const;

/** The type of `amqpCapabilities`. */
export type AmqpCapabilities = typeof amqpCapabilities;

/**
 * The most publishes that may be unconfirmed at once: the client keeps them in an array whose head it shifts off, which
 * becomes slow when it is long.
 */
export const maxUnconfirmed = 8192;

/** What a server says of itself while a connection is opened. */
export interface ServerIdentity {
  readonly product: string;
  readonly version: string;
}

/** What this server really does, by its own word and by the settings in use. `maxBodyBytes` is known only after it was exceeded once. */
export function effectiveCapabilities(
  server: ServerIdentity,
  settings: AmqpSettings,
  maxBodyBytes: number | undefined,
): EffectiveCapabilities {
  const classic = settings.queueType === "classic";
  const limits: BrokerLimits = {
    maxHoldMs: settings.consumerTimeoutMs,
    maxInFlight: maxUnconfirmed,
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
  };
  return {
    product: server.product,
    version: server.version,
    supports: {
      ...amqpCapabilities,
      ...(classic ? { deliveryCount: "unsupported" } : {}),
      ...(settings.streams.length === 0 ? { startFromEarliest: "unsupported" } : {}),
      ...(settings.maxPriority === undefined ? { priority: "unsupported" } : {}),
      ...(settings.exchangeType === "direct" ? { wildcards: "unsupported" } : {}),
      ...(spreads(settings) ? { routing: "unsupported" } : {}),
      ...(holds(server) ? {} : { delay: "unsupported", delayedRelease: "unsupported" }),
    },
    limits,
    warnings: warnings(server, classic),
  };
}

/** True where the exchange gives every queue each message, whatever its routing key. */
export function spreads({ exchangeType }: AmqpSettings): boolean {
  return exchangeType === "fanout" || exchangeType === "headers";
}

/** At-least-once dead-lettering came with 3.10; without it a message that is held could be lost on its way on. */
export function holds({ product, version }: ServerIdentity): boolean {
  return product === "RabbitMQ" && atLeast(version, 3, 10);
}

function warnings(server: ServerIdentity, classic: boolean): string[] {
  const found: string[] = [];
  if (server.product !== "RabbitMQ") {
    found.push(
      `The server calls itself "${server.product}"; only RabbitMQ is tested, so try your configuration before you trust it.`,
    );
  } else if (!atLeast(server.version, 3, 10)) {
    found.push(
      `RabbitMQ ${server.version} does not expire messages in quorum queues; upgrade to 3.10 or later if you use expiresInMs.`,
    );
  }
  if (classic) {
    found.push(
      'With native.queueType "classic" the queues of groups are on one node only and count no deliveries; use "quorum" in a cluster.',
    );
  }
  return found;
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
