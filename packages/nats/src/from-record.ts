import type { OutboundRecord } from "@busbar/core/contract";
import { HeaderLines, lineOf, percentEncode, travelsPlain } from "./header-lines.ts";
import type { WireHeaders } from "./header-lines.ts";
import { addTiming } from "./timing.ts";
import { topicToSubject } from "./topic.ts";

/** The names of the headers that carry the bus's own metadata. */
export const wire = {
  contentType: "content-type",
  id: "busbar-id",
  key: "busbar-key",
  timestamp: "busbar-timestamp",
  topic: "busbar-topic",
  replyTo: "busbar-reply-to",
  correlationId: "busbar-correlation-id",
  /** In front of the percent-encoded name of a user's header that cannot travel as it is, value percent-encoded too. */
  escaped: "busbar-header-",
  /** JetStream dedupes on it, over all subjects of a stream. */
  publishToken: "Nats-Msg-Id",
} as const;

const starts = {
  contentType: lineOf(wire.contentType),
  id: lineOf(wire.id),
  key: lineOf(wire.key),
  timestamp: lineOf(wire.timestamp),
  topic: lineOf(wire.topic),
  replyTo: lineOf(wire.replyTo),
  correlationId: lineOf(wire.correlationId),
  publishToken: lineOf(wire.publishToken),
};

/** The names, in lower case, that stand for the bus's own metadata and for no user's header. */
export const ownNames: ReadonlySet<string> = new Set([
  wire.contentType,
  wire.id,
  wire.key,
  wire.timestamp,
  wire.topic,
  wire.replyTo,
  wire.correlationId,
]);

/**
 * Writes what a record carries beside its body as headers: the user's one by one under their own names, the rest under names
 * of the bus. `Nats-Msg-Id` is the token of the publish call and not the message's id, for JetStream would swallow a replay.
 */
export function recordToHeaders(record: OutboundRecord): WireHeaders {
  const lines = new HeaderLines();
  for (const name of Object.keys(record.headers)) {
    const value = record.headers[name] ?? "";
    if (mayTravelPlain(name) && travelsPlain(name, value)) lines.add(name, value);
    else lines.add(wire.escaped + percentEncode(name), percentEncode(value));
  }
  if (record.contentType !== "") lines.addLine(starts.contentType, inOneLine(record.contentType));
  // Core's own, which is the token of the call too, needs no second look.
  if (record.id === record.publishToken) lines.addAscii(starts.id, record.id);
  else lines.addLine(starts.id, metaValue(record.id));
  if (record.key !== undefined) lines.addLine(starts.key, metaValue(record.key));
  lines.addAscii(starts.timestamp, String(record.timestamp));
  if (record.topic !== record.address) lines.addLine(starts.topic, record.topic);
  // A subject, so that a foreign client that answers publishes there like to any other.
  if (record.replyTo !== undefined) lines.addLine(starts.replyTo, topicToSubject(record.replyTo));
  if (record.correlationId !== undefined) lines.addLine(starts.correlationId, metaValue(record.correlationId));
  if (record.delivery === "at-least-once") lines.addAscii(starts.publishToken, record.publishToken);
  addTiming(lines, record);
  return lines.finish();
}

/** What a reader would strip, or take for something else. */
const unplain = /[%\r\n]|^\s|\s$/;
/** What none of that is without, and most values are: it is found in a third of the time. */
const suspicious = /[%\s]/;

/** As it is where that can be told from an encoded one, so that foreign clients read it. */
function metaValue(value: string): string {
  return suspicious.test(value) && unplain.test(value) ? percentEncode(value) : value;
}

/** The content type that was written last, which is the next one's most of the time. */
let plainContentType = "";

function inOneLine(contentType: string): string {
  if (contentType === plainContentType) return contentType;
  const line = contentType.replace(/[\r\n]+/g, " ");
  if (line === contentType) plainContentType = contentType;
  return line;
}

/** A user's `Nats-Rollup` would be an order to the server, a `content-type` would be taken for ours. */
function mayTravelPlain(name: string): boolean {
  const lower = name.toLowerCase();
  return !ownNames.has(lower) && !lower.startsWith("nats-") && !lower.startsWith(wire.escaped);
}
