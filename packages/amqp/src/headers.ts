/** Carries the ordering key, which AMQP has no place for. */
export const keyHeader = "busbar-key";

/** Carries the topic of a message that was folded into another address. */
export const topicHeader = "busbar-topic";

/** Carries milliseconds since the epoch, where the property `timestamp`, in seconds, is not exact. */
export const timestampHeader = "busbar-timestamp";

/** Names a dead letter within its queue. */
export const slotHeader = "busbar-slot";

/** For how long a message is held, in milliseconds: what the broker finds the holding queue by. */
export const delayHeader = "busbar-delay";

/** Until when a message that is held, or was, is worth delivering, in milliseconds since the epoch: its `expiration` would end the holding. */
export const expiresAtHeader = "busbar-expires-at";

/** The routing key of a message that came back to its queue through the default exchange, where the routing key is the queue's name. */
export const routingKeyHeader = "busbar-routing-key";

/** How often such a message had been delivered before; 0 where the broker does not count. */
export const deliveriesHeader = "busbar-deliveries";

/** How often the handler of such a message had failed. */
export const failuresHeader = "busbar-failures";

const escapePrefix = "busbar-header-";

/**
 * Names that RabbitMQ or the client would not carry as they are: `CC` and `BCC` route copies and close the channel unless they are lists
 * (RabbitMQ, "Sender-selected Distribution"), the `x-…` ones are the broker's own notes, and `__proto__` gets lost where the
 * client builds its object.
 */
const taken = new Set([
  "CC",
  "BCC",
  "x-death",
  "x-first-death-exchange",
  "x-first-death-queue",
  "x-first-death-reason",
  "x-last-death-exchange",
  "x-last-death-queue",
  "x-last-death-reason",
  "x-delivery-count",
  "x-acquired-count",
  "x-stream-offset",
  "__proto__",
]);

const own = new Set([
  keyHeader,
  topicHeader,
  timestampHeader,
  slotHeader,
  delayHeader,
  expiresAtHeader,
  routingKeyHeader,
  deliveriesHeader,
  failuresHeader,
]);

/** Tells whether a user's header of this name has to travel under `escapedHeader(name)`. */
export function mustEscape(name: string): boolean {
  return taken.has(name);
}

/** The name under which a header travels that cannot have its own. */
export function escapedHeader(name: string): string {
  return escapePrefix + name;
}

/** The user's name for a header on the wire; `undefined` where the header is the driver's or the broker's own. */
export function userHeader(wire: string): string | undefined {
  if (own.has(wire) || taken.has(wire)) return undefined;
  return wire.startsWith(escapePrefix) ? wire.slice(escapePrefix.length) : wire;
}
