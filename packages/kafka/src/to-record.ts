import type { InboundRecord } from "@busbar/core/contract";
import { setOwn } from "@busbar/core/driver";
import type { ClientRecord } from "./client.ts";
import { metadataHeaders } from "./from-record.ts";
import { busTopic } from "./topic.ts";

/**
 * Reads a Kafka record. The body is a copy, so that a handler may change it. What is missing stays absent; a record without a
 * value has an empty body; a header that stands there several times is one, its values joined by `, `, and bytes that are no
 * UTF-8 become replacement characters.
 *
 * @param address The bus topic that the record was read from.
 */
export function toRecord(record: ClientRecord, address: string): InboundRecord {
  return assemble(record, address, readHeaders(record), record.key?.toString("utf8"));
}

/** Reads a dead letter: like any record, but its key is in a header, because the slot is the key. */
export function deadLetterToRecord(record: ClientRecord, address: string): InboundRecord {
  const read = readHeaders(record);
  return assemble(record, address, read, read.key);
}

/** The headers of a record, apart. */
interface ReadHeaders {
  readonly users: Record<string, string>;
  contentType: string | undefined;
  id: string | undefined;
  topic: string | undefined;
  key: string | undefined;
  replyTo: string | undefined;
  correlationId: string | undefined;
  timestamp: string | undefined;
}

function assemble(
  record: ClientRecord,
  address: string,
  { users, topic, id, contentType, replyTo, correlationId, timestamp }: ReadHeaders,
  key: string | undefined,
): InboundRecord {
  return {
    address,
    topic,
    body: record.value === null ? Buffer.alloc(0) : Buffer.from(record.value),
    headers: users,
    key,
    id,
    timestamp: timeOf(timestamp) ?? timeOf(record.timestamp),
    contentType,
    replyTo: replyTo === undefined ? undefined : busTopic(replyTo),
    correlationId,
    native: record,
  };
}

function readHeaders({ headers = {} }: ClientRecord): ReadHeaders {
  const read: ReadHeaders = {
    users: {},
    contentType: undefined,
    id: undefined,
    topic: undefined,
    key: undefined,
    replyTo: undefined,
    correlationId: undefined,
    timestamp: undefined,
  };
  for (const name of Object.keys(headers)) {
    const text = textOf(headers[name]);
    if (text === undefined) continue;
    // By name, since a field that is chosen as it goes takes ten times as long.
    if (name === metadataHeaders.id) read.id = text;
    else if (name === metadataHeaders.contentType) read.contentType = text;
    else if (name === metadataHeaders.key) read.key = text;
    else if (name === metadataHeaders.topic) read.topic = text;
    else if (name === metadataHeaders.replyTo) read.replyTo = text;
    else if (name === metadataHeaders.correlationId) read.correlationId = text;
    else if (name === metadataHeaders.timestamp) read.timestamp = text;
    else setOwn(read.users, name, text);
  }
  return read;
}

/** Milliseconds since the epoch; `undefined` for what is no time. */
function timeOf(written: string | number | undefined): number | undefined {
  const time = written === "" ? Number.NaN : Number(written);
  return time >= 0 && time < Infinity ? time : undefined;
}

/** The client collects repeated headers in an array, and takes one called "constructor" for a repetition. */
function textOf(value: unknown): string | undefined {
  if (Buffer.isBuffer(value)) return value.toString("utf8");
  if (typeof value === "string") return value;
  const texts = Array.isArray(value) ? value.map(textOf).filter((text) => text !== undefined) : [];
  return texts.length === 0 ? undefined : texts.join(", ");
}
