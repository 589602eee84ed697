import type { InboundRecord } from "@busbar/core/contract";
import type { ClientRecord } from "./client.ts";
import { metadataHeaders } from "./from-record.ts";
import { busTopic } from "./topic.ts";

const own: readonly string[] = Object.values(metadataHeaders);

/**
 * Reads a Kafka record. The body is a copy, so that a handler may change it. What is missing stays absent; a record without a
 * value has an empty body; a header that stands there several times is one, its values joined by `, `, and bytes that are no
 * UTF-8 become replacement characters.
 *
 * @param address The bus topic that the record was read from.
 */
export function toRecord(record: ClientRecord, address: string): InboundRecord {
  const all = textHeaders(record);
  return assemble(record, address, all, record.key?.toString("utf8"));
}

/** Reads a dead letter: like any record, but its key is in a header, because the slot is the key. */
export function deadLetterToRecord(record: ClientRecord, address: string): InboundRecord {
  const all = textHeaders(record);
  return assemble(record, address, all, all.get(metadataHeaders.key));
}

function assemble(
  record: ClientRecord,
  address: string,
  all: ReadonlyMap<string, string>,
  key: string | undefined,
): InboundRecord {
  const topic = all.get(metadataHeaders.topic);
  const id = all.get(metadataHeaders.id);
  const contentType = all.get(metadataHeaders.contentType);
  const replyTo = all.get(metadataHeaders.replyTo);
  const correlationId = all.get(metadataHeaders.correlationId);
  const timestamp = Number(record.timestamp);
  return {
    address,
    ...(topic === undefined ? {} : { topic }),
    body: record.value === null ? new Uint8Array(0) : new Uint8Array(record.value),
    headers: Object.fromEntries([...all].filter(([name]) => !own.includes(name))),
    ...(key === undefined ? {} : { key }),
    ...(id === undefined ? {} : { id }),
    ...(timestamp >= 0 ? { timestamp } : {}),
    ...(contentType === undefined ? {} : { contentType }),
    ...(replyTo === undefined ? {} : { replyTo: busTopic(replyTo) }),
    ...(correlationId === undefined ? {} : { correlationId }),
    native: record,
  };
}

function textHeaders(record: ClientRecord): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(record.headers ?? {})) {
    // The client collects repeated headers in an array, and takes one called "constructor" for a repetition.
    const texts = (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((entry) =>
      Buffer.isBuffer(entry) ? [entry.toString("utf8")] : typeof entry === "string" ? [entry] : [],
    );
    if (texts.length > 0) headers.set(name, texts.join(", "));
  }
  return headers;
}
