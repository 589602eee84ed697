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

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>`; servers with
 * domains put a domain and an account before the stream, and a token behind (NATS ADR-15). `undefined` for anything else.
 */
export function parseDeliveryInfo(reply: string): DeliveryInfo | undefined {
  const tokens = reply.split(".");
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK" || (tokens.length !== 9 && tokens.length < 11)) return undefined;
  const at = tokens.length === 9 ? 4 : 6;
  const deliveries = Number(tokens[at]);
  const sequence = Number(tokens[at + 1]);
  const delivery = Number(tokens[at + 2]);
  const storedAt = Math.floor(Number(tokens[at + 3]) / 1_000_000);
  if (![deliveries, sequence, delivery].every(Number.isInteger)) return undefined;
  return { deliveries, sequence, delivery, storedAt };
}
