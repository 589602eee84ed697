/** What travels: JSON with a number that makes each message a different one. */
export interface Payload {
  readonly n: number;
  readonly station?: string;
  readonly celsius?: number;
  readonly text?: string;
}

/** Numbers begin here, so that all are equally long. */
const first = 1_000_000_000;

/** The least that a payload takes as JSON, in bytes. */
export const leastBytes = 16;

/**
 * Returns what makes the payload number 0, 1, 2, …, each of exactly this many bytes as JSON.
 *
 * @throws RangeError below `leastBytes`.
 */
export function payloadMaker(bytes: number): (index: number) => Payload {
  if (bytes < leastBytes) throw new RangeError(`A payload takes at least ${leastBytes} bytes.`);
  const frame = { n: first, station: "seattle", celsius: 21.5, text: "" };
  const room = bytes - JSON.stringify(frame).length;
  if (room >= 0) {
    const text = "x".repeat(room);
    return (index) => ({ n: first + index, station: "seattle", celsius: 21.5, text });
  }
  const rest = bytes - JSON.stringify({ n: first, text: "" }).length;
  const text = "x".repeat(Math.max(0, rest));
  return rest < 0 ? (index) => ({ n: first + index }) : (index) => ({ n: first + index, text });
}

/** Returns the number that the payload was made with. */
export function indexOf(payload: Payload): number {
  return payload.n - first;
}
