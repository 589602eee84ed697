import type { OutboundRecord } from "@busbar/core/contract";
import { setOwn, UnsupportedError } from "@busbar/core/driver";
import type { ClientMessage } from "./client.ts";
import { topicName } from "./topic.ts";

/** Headers that carry the bus's own metadata, beside the user's own. */
export const metadataHeaders = {
  contentType: "content-type",
  id: "busbar-id",
  topic: "busbar-topic",
  key: "busbar-key",
  replyTo: "busbar-reply-to",
  correlationId: "busbar-correlation-id",
  timestamp: "busbar-timestamp",
} as const;

/** How far from now a record's own time may be to be that of the log, in milliseconds. */
const nearMs = 60_000;

/**
 * Writes a record as Kafka carries it: the body is the value as it is, the key is the key, the user's headers are headers one
 * by one, and so are content type and id. Throws `UnsupportedError` for what Kafka lacks.
 *
 * Kafka deletes messages by their time, read or not, and refuses those that are far ahead. So a record that is not of now, such as a dead
 * letter which is replayed, is as new to the log as any other, and has its own time in a header.
 *
 * @param isTombstone It is to have no value, by which a compacted topic forgets its key.
 */
export function toMessage(record: OutboundRecord, isTombstone = false, now: number = Date.now()): ClientMessage {
  refuseUnsupported(record);
  const headers = toHeaders(record, record.address);
  return {
    key: record.key === undefined ? null : Buffer.from(record.key, "utf8"),
    value: isTombstone ? null : valueOf(record.body),
    headers,
    timestamp: timeOf(record, headers, now),
  };
}

/** Writes a dead letter: like any record, but the slot is the key, so that compaction keeps one for a slot, and the message's own key is a header. */
export function toDeadLetter(record: OutboundRecord, slot: string, address: string): ClientMessage {
  const headers = toHeaders(record, address);
  if (record.key !== undefined) headers[metadataHeaders.key] = Buffer.from(record.key, "utf8");
  return {
    key: Buffer.from(slot, "utf8"),
    value: valueOf(record.body),
    headers,
    timestamp: timeOf(record, headers, Date.now()),
  };
}

/** The time that the log is to go by; the record's own is put among the headers where it is another. */
function timeOf({ timestamp }: OutboundRecord, headers: Record<string, Buffer>, now: number): number {
  if (Math.abs(now - timestamp) <= nearMs) return timestamp;
  headers[metadataHeaders.timestamp] = Buffer.from(String(timestamp), "utf8");
  return now;
}

function toHeaders(record: OutboundRecord, address: string): Record<string, Buffer> {
  const headers: Record<string, Buffer> = {};
  for (const name of Object.keys(record.headers)) {
    setOwn(headers, name, Buffer.from(record.headers[name] ?? "", "utf8"));
  }
  headers[metadataHeaders.contentType] = contentTypeBytes(record.contentType);
  headers[metadataHeaders.id] = Buffer.from(record.id, "utf8");
  if (record.topic !== address) headers[metadataHeaders.topic] = Buffer.from(record.topic, "utf8");
  // A Kafka name, so that a foreign client that answers writes there like to any other.
  if (record.replyTo !== undefined) headers[metadataHeaders.replyTo] = Buffer.from(topicName(record.replyTo), "utf8");
  if (record.correlationId !== undefined)
    headers[metadataHeaders.correlationId] = Buffer.from(record.correlationId, "utf8");
  return headers;
}

/** The content type that was written last, which is the next one's most of the time. */
let last = { contentType: "", bytes: Buffer.alloc(0) };

function contentTypeBytes(contentType: string): Buffer {
  if (contentType !== last.contentType) last = { contentType, bytes: Buffer.from(contentType, "utf8") };
  return last.bytes;
}

function valueOf(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function refuseUnsupported(record: OutboundRecord): void {
  if (
    record.retain !== true &&
    record.expiresInMs === undefined &&
    record.delayMs === undefined &&
    record.priority === undefined
  )
    return;
  const subject = `publish("${record.topic}")`;
  const needs = [
    ...(record.retain === true
      ? [
          {
            capability: "retain",
            subject,
            detail: "Kafka keeps no last value of a topic by itself; use a compacted topic and a key.",
          } as const,
        ]
      : []),
    ...(record.expiresInMs === undefined
      ? []
      : [
          {
            capability: "expiry",
            subject,
            detail: "Kafka expires whole topics, not messages; set retention.ms of the topic.",
          } as const,
        ]),
    ...(record.delayMs === undefined
      ? []
      : [{ capability: "delay", subject, detail: "Kafka cannot hold a message back." } as const]),
    ...(record.priority === undefined
      ? []
      : [{ capability: "priority", subject, detail: "Kafka has no priorities; use a topic for each." } as const]),
  ];
  throw new UnsupportedError(needs, { broker: "kafka", topic: record.topic });
}

const batchHeaderBytes = 61;

/**
 * How many bytes a record alone in a batch takes, which is what a broker holds against `max.message.bytes`: exactly, for the
 * first record of a batch; 10 bytes more at most for any other (record batch, version 2).
 */
export function batchBytes(message: ClientMessage): number {
  let size = 3 + varintBytesOf(message.key) + varintBytesOf(message.value);
  const names = Object.keys(message.headers);
  size += varint(names.length);
  for (const name of names) {
    const length = Buffer.byteLength(name);
    size += varint(length) + length + varintBytesOf(message.headers[name] ?? null);
  }
  return batchHeaderBytes + varint(size) + size;
}

function varintBytesOf(value: Buffer | null): number {
  return value === null ? 1 : varint(value.length) + value.length;
}

/** The length of a number in zig-zag variable-length encoding, in bytes. */
function varint(value: number): number {
  let bytes = 1;
  for (let rest = value * 2; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
