import { beginsWith, endOfNumber, numberIn } from "./text-in-bytes.ts";

/** What the reply subject of a JetStream delivery tells of it. */
export interface DeliveryInfo {
  /** How often the consumer has delivered this message, 1 for the first time. */
  readonly deliveries: number;
  /** The message's place in its stream. */
  readonly sequence: number;
  /** The number of this delivery among all of the consumer, to whatever member. */
  readonly delivery: number;
  /** When the stream took it, in milliseconds since the epoch. */
  readonly storedAt: number;
}

/** By which name the bus knows a message again. */
export function positionOf(stream: string, sequence: number): string {
  return `${stream}:${sequence}`;
}

const prefix = Buffer.from("$JS.ACK.");
const dot = 46;
/** How many digits of a time in nanoseconds are below a millisecond. */
const belowMilliseconds = 6;

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>`; servers with
 * domains put a domain and an account before the stream, and a token behind (NATS ADR-15). `undefined` for anything else.
 */
export function parseDeliveryInfo(reply: Uint8Array): DeliveryInfo | undefined {
  if (beginsWith(reply, lastNames)) {
    const info = numbersOf(reply, lastNames.length);
    if (info !== undefined) return info;
  }
  const names = namesOf(reply);
  if (names === undefined) return undefined;
  lastNames = names;
  return numbersOf(reply, names.length);
}

function numbersOf(reply: Uint8Array, from: number): DeliveryInfo | undefined {
  const deliveriesEnd = endOfNumber(reply, from);
  const deliveries = numberIn(reply, from, deliveriesEnd);
  const sequenceEnd = endOfNumber(reply, deliveriesEnd + 1);
  const sequence = numberIn(reply, deliveriesEnd + 1, sequenceEnd);
  const deliveryEnd = endOfNumber(reply, sequenceEnd + 1);
  const delivery = numberIn(reply, sequenceEnd + 1, deliveryEnd);
  const storedAt = numberIn(reply, deliveryEnd + 1, endOfNumber(reply, deliveryEnd + 1) - belowMilliseconds);
  return Number.isNaN(deliveries + sequence + delivery) ? undefined : { deliveries, sequence, delivery, storedAt };
}

/** The names in front of the numbers, of the message before: most are of the same consumer. */
let lastNames: Uint8Array = Uint8Array.of(0);

/** What stands in front of the numbers, with the last dot. */
function namesOf(reply: Uint8Array): Uint8Array | undefined {
  const dots = reply.filter((byte) => byte === dot).length;
  if (!beginsWith(reply, prefix) || (dots !== 8 && dots < 10)) return undefined;
  let at = prefix.length;
  for (let names = dots === 8 ? 2 : 4; names > 0; names--) at = reply.indexOf(dot, at) + 1;
  // A copy, since the rest of what the socket gave is not to be kept alive.
  return reply.slice(0, at);
}
