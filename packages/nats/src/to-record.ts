import type { InboundRecord } from "@busbar/core/contract";
import { readHeaders } from "./read-headers.ts";
import { percentDecode } from "./header-lines.ts";
import { subjectToTopic } from "./topic.ts";
import type { WireMessage } from "./wire-message.ts";

/**
 * Makes a record of a message. What a foreign client did not write is left out; its `Nats-Msg-Id` serves as the id, and the
 * reply subject of its request as `replyTo`. Never throws.
 *
 * @param storedAt When the stream took the message, in milliseconds since the epoch, where there is a stream.
 */
export function messageToRecord(message: WireMessage, storedAt?: number): InboundRecord {
  const { data, subject, reply } = message;
  const read = readHeaders(message);
  const { key, correlationId, users } = read;
  const id = read.id ?? read.publishToken;
  const replyTo = read.replyTo ?? (storedAt === undefined ? reply : undefined);
  return {
    address: subjectToTopic(subject),
    topic: read.topic,
    // A part of what the socket gave, which is this delivery's alone.
    body: data,
    // Own properties, also for a header called "__proto__".
    headers: users === undefined ? {} : Object.fromEntries(users),
    key: key === undefined ? undefined : percentDecode(key),
    id: id === undefined ? undefined : percentDecode(id),
    timestamp: timestampOf(read.timestamp) ?? storedAt,
    contentType: read.contentType,
    replyTo: replyTo === undefined || replyTo === "" ? undefined : subjectToTopic(replyTo),
    correlationId: correlationId === undefined ? undefined : percentDecode(correlationId),
    native: message.native,
  };
}

function timestampOf(text: string | undefined): number | undefined {
  const timestamp = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(timestamp) ? timestamp : undefined;
}
