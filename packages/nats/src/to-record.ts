import type { MsgHdrs } from "@nats-io/nats-core";
import type { Headers, InboundRecord } from "@busbar/core/contract";
import { ownNames, wire } from "./from-record.ts";
import { percentDecode } from "./header-lines.ts";
import { subjectToTopic } from "./topic.ts";

/** The parts of a message that a record is made from; a stored one has them too. */
export interface WireMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
  /** Where a request of core NATS is to be answered; in a stream it means something else. */
  readonly reply?: string | undefined;
}

/**
 * Makes a record of a message. What a foreign client did not write is left out; its `Nats-Msg-Id` serves as the id, and the
 * reply subject of its request as `replyTo`. Never throws.
 *
 * @param storedAt When the stream took the message, in milliseconds since the epoch, where there is a stream.
 */
export function messageToRecord(message: WireMessage, storedAt?: number): InboundRecord {
  const { headers, meta } = readHeaders(message);
  const id = meta.get(wire.id) ?? meta.get(wire.publishToken.toLowerCase());
  const key = meta.get(wire.key);
  const topic = meta.get(wire.topic);
  const contentType = meta.get(wire.contentType);
  const replyTo = meta.get(wire.replyTo) ?? (storedAt === undefined ? message.reply : undefined);
  const correlationId = meta.get(wire.correlationId);
  const timestamp = timestampOf(meta.get(wire.timestamp)) ?? storedAt;
  return {
    address: subjectToTopic(message.subject),
    // Many messages share the chunk that the socket gave, so the bytes are copied.
    body: new Uint8Array(message.data),
    headers,
    ...(topic === undefined ? {} : { topic }),
    ...(key === undefined ? {} : { key: percentDecode(key) }),
    ...(id === undefined ? {} : { id: percentDecode(id) }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(replyTo === undefined || replyTo === "" ? {} : { replyTo: subjectToTopic(replyTo) }),
    ...(correlationId === undefined ? {} : { correlationId: percentDecode(correlationId) }),
    native: message,
  };
}

function readHeaders(message: WireMessage): { headers: Headers; meta: ReadonlyMap<string, string> } {
  const meta = new Map<string, string>();
  const users: [string, string][] = [];
  for (const [name, values] of linesOf(message)) {
    const value = values.length === 1 ? (values[0] ?? "") : values.join(", ");
    const lower = name.toLowerCase();
    if (ownNames.has(lower) || lower.startsWith("nats-")) meta.set(lower, value);
    else if (name.startsWith(wire.escaped))
      users.push([percentDecode(name.slice(wire.escaped.length)), percentDecode(value)]);
    else users.push([name, value]);
  }
  // Own properties, also for a header called "__proto__".
  return { headers: Object.fromEntries(users), meta };
}

/** The client reads headers only now, and throws on a foreign name that it would not write itself. */
function linesOf(message: WireMessage): Iterable<[string, string[]]> {
  try {
    return message.headers ?? [];
  } catch {
    return [];
  }
}

function timestampOf(text: string | undefined): number | undefined {
  const timestamp = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(timestamp) ? timestamp : undefined;
}
