import { isAscii } from "node:buffer";
import type { OutboundRecord } from "@busbar/core/contract";
import { UnsupportedError } from "@busbar/core/driver";
import type { UnmetNeed } from "@busbar/core/driver";
import type { Word } from "./link.ts";

/** The fields of an entry that are the driver's own. Every user's header is a field of its own, `header:<name>`. */
export const fields = {
  body: "body",
  contentType: "content-type",
  id: "id",
  key: "key",
  timestamp: "timestamp",
  topic: "topic",
  replyTo: "reply-to",
  correlationId: "correlation-id",
  slot: "slot",
} as const;

/** Up to here a text is copied sooner than two more pieces are written. */
const shortBytes = 4096;

/** What stands before a user's header. */
export const headerPrefix = "header:";

/**
 * The fields of an entry for a record, names and values in turn, the body as it is and last. Throws `UnsupportedError` for what Redis
 * lacks.
 *
 * @param slot For a dead letter.
 */
export function entryOf(record: OutboundRecord, slot?: string): Word[] {
  refuseUnsupported(record);
  const { id, contentType, timestamp, key, topic, address, replyTo, correlationId, headers, body } = record;
  const words: Word[] = [fields.id, id, fields.contentType, contentType, fields.timestamp, String(timestamp)];
  if (key !== undefined) words.push(fields.key, key);
  if (topic !== address || slot !== undefined) words.push(fields.topic, topic);
  if (replyTo !== undefined) words.push(fields.replyTo, replyTo);
  if (correlationId !== undefined) words.push(fields.correlationId, correlationId);
  if (slot !== undefined) words.push(fields.slot, slot);
  for (const name of Object.keys(headers)) words.push(headerPrefix + name, headers[name] ?? "");
  words.push(fields.body, wordOf(body));
  return words;
}

/**
 * A copy of a body: the client writes it in a later turn, and by then the caller may have changed it. What is short and plain text goes as text,
 * because the client writes a command that is all text in one piece and makes three of one with bytes.
 */
function wordOf(body: Uint8Array): Word {
  if (body.byteLength > shortBytes || !isAscii(body)) return Buffer.from(body);
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
}

function refuseUnsupported({ topic, retain, expiresInMs, delayMs, priority }: OutboundRecord): void {
  const subject = `publish("${topic}")`;
  const needs: UnmetNeed[] = [];
  if (retain === true) {
    needs.push({ capability: "retain", subject, detail: "a stream marks no message as its last value." });
  }
  if (expiresInMs !== undefined) {
    needs.push({ capability: "expiry", subject, detail: "messages of a stream do not expire; set native.maxLength." });
  }
  if (delayMs !== undefined) needs.push({ capability: "delay", subject, detail: "Redis cannot hold a message back." });
  if (priority !== undefined) {
    needs.push({ capability: "priority", subject, detail: "streams have no priorities; use a topic for each." });
  }
  if (needs.length > 0) throw new UnsupportedError(needs, { broker: "redis", topic });
}
