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

const prefix = "$JS.ACK.";
/** How many digits of a time in nanoseconds are below a millisecond. */
const belowMilliseconds = 6;

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>`; servers with
 * domains put a domain and an account before the stream, and a token behind (NATS ADR-15). `undefined` for anything else.
 */
export function parseDeliveryInfo(reply: string): DeliveryInfo | undefined {
  if (reply.startsWith(lastNames)) {
    const info = numbersOf(reply, lastNames.length);
    if (info !== undefined) return info;
  }
  const names = namesOf(reply);
  if (names === undefined) return undefined;
  lastNames = names;
  return numbersOf(reply, names.length);
}

/** By hand: every message has them, and cutting them into strings takes four times as long. */
function numbersOf(reply: string, from: number): DeliveryInfo | undefined {
  let at = from;
  const read = (omitted: number): number => {
    const end = reply.indexOf(".", at);
    const value = wholeNumber(reply, at, end - omitted);
    at = end + 1;
    return value;
  };
  const deliveries = read(0);
  const sequence = read(0);
  const delivery = read(0);
  const storedAt = read(belowMilliseconds);
  return Number.isNaN(deliveries + sequence + delivery) ? undefined : { deliveries, sequence, delivery, storedAt };
}

/** The names in front of the numbers, of the message before: most are of the same consumer. */
let lastNames = "\0";

/** What stands in front of the numbers, with the last dot. */
function namesOf(reply: string): string | undefined {
  const dots = dotsIn(reply);
  if (!reply.startsWith(prefix) || (dots !== 8 && dots < 10)) return undefined;
  let at = prefix.length;
  for (let names = dots === 8 ? 2 : 4; names > 0; names--) at = reply.indexOf(".", at) + 1;
  return reply.slice(0, at);
}

function dotsIn(text: string): number {
  let dots = 0;
  for (let at = text.indexOf("."); at !== -1; at = text.indexOf(".", at + 1)) dots++;
  return dots;
}

function wholeNumber(text: string, from: number, to: number): number {
  let value = from < to ? 0 : Number.NaN;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48;
    value = digit >= 0 && digit <= 9 ? 10 * value + digit : Number.NaN;
  }
  return value;
}
