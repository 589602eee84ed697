/**
 * The one user property in which a message on MQTT 5 carries what the protocol has no place for. Every property costs a
 * publisher and a subscriber about as much as the message itself, so it is one, and short. See `docs/brokers/mqtt.md`, "On the wire".
 */
export const metadataProperty = "busbar-meta";

/** What the property says. */
export interface MessageMetadata {
  readonly id?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly timestamp?: number | undefined;
  readonly key?: string | undefined;
  /** The topic that a handler sees, where it is not the one the message was published to. */
  readonly topic?: string | undefined;
  /** Which bus published it, where that one is not to get it back. */
  readonly origin?: string | undefined;
}

/**
 * Writes `[id, timestamp, key, topic, origin]` as JSON in ASCII, with what is absent as `null`, and nothing behind the last one
 * present. ASCII, because a key may hold characters over which a server ends the connection (MQTT 5.0 §1.5.4).
 */
export function writeMetadata({ id, timestamp, key, topic, origin }: MessageMetadata): string {
  // Most messages have an id of the bus's own and a time, and their text needs no escapes.
  const short = key === undefined && topic === undefined && origin === undefined;
  if (short && id !== undefined && timestamp !== undefined && plain.test(id)) return `["${id}",${timestamp}]`;
  const parts = [id, timestamp, key, topic, origin];
  while (parts.length > 2 && parts.at(-1) === undefined) parts.pop();
  // What is absent in between is written as null.
  const text = JSON.stringify(parts);
  return /[^ -~]/.test(text) ? text.replace(/[^ -~]/g, escaped) : text;
}

const plain = /^[A-Za-z0-9_-]*$/;

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Reads what `writeMetadata` wrote. Never throws: whatever does not have its shape is left out, as anybody may publish anything. */
export function readMetadata(text: string): MessageMetadata {
  const parts = parseArray(text);
  const [id, timestamp, key, topic, origin] = [parts[0], parts[1], parts[2], parts[3], parts[4]];
  return {
    id: typeof id === "string" && id !== "" ? id : undefined,
    timestamp: typeof timestamp === "number" ? timestamp : undefined,
    key: typeof key === "string" ? key : undefined,
    topic: typeof topic === "string" && topic !== "" ? topic : undefined,
    origin: typeof origin === "string" && origin !== "" ? origin : undefined,
  };
}

function parseArray(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
