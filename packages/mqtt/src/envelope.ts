import type { InboundRecord, OutboundRecord } from "@busbar/core/contract";
import { setOwn } from "@busbar/core/driver";
import { Buffer } from "./buffer.ts";
import { toBusTopic, toMqttTopic } from "./topic.ts";

/** How the payload of an envelope begins, since MQTT 3.1.1 has no content type to tell it by. */
const beginning = Buffer.from('{"busbar-envelope":1,');

/** What an envelope says of its message; what it leaves out the message does not have. */
export type Unwrapped = Omit<InboundRecord, "address" | "retained" | "native">;

/**
 * Writes a message with all that MQTT 3.1.1 has no place for as JSON, the body in Base64. See `docs/brokers/mqtt.md`, "An envelope on
 * MQTT 3.1.1".
 */
export function writeEnvelope(record: OutboundRecord): Buffer {
  const { id, timestamp, key, contentType, headers, correlationId, body } = record;
  const envelope = {
    "busbar-envelope": 1,
    id,
    timestamp,
    key,
    topic: record.topic === record.address ? undefined : record.topic,
    contentType,
    headers: Object.keys(headers).length === 0 ? undefined : headers,
    replyTo: record.replyTo === undefined ? undefined : toMqttTopic(record.replyTo),
    correlationId,
    body: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64"),
  };
  return Buffer.from(JSON.stringify(envelope));
}

/**
 * Reads what `writeEnvelope` wrote. Never throws: a payload that is not one in every part is a message of its own, and `undefined` here.
 */
export function readEnvelope(payload: Buffer): Unwrapped | undefined {
  if (!payload.subarray(0, beginning.byteLength).equals(beginning)) return undefined;
  const { id, timestamp, key, topic, contentType, headers = {}, replyTo, correlationId, body } = parse(payload);
  const texts = [id, key, topic, contentType, replyTo, correlationId];
  if (!texts.every(isTextOrAbsent) || (timestamp !== undefined && typeof timestamp !== "number")) return undefined;
  const own = headersOf(headers);
  const bytes = typeof body === "string" ? Buffer.from(body, "base64") : undefined;
  // What is no Base64 is read as far as it goes.
  if (own === undefined || bytes === undefined || bytes.toString("base64") !== body) return undefined;
  return {
    body: bytes,
    headers: own,
    key,
    id: id === "" ? undefined : id,
    timestamp,
    topic: topic === "" ? undefined : topic,
    contentType,
    replyTo: replyTo === undefined ? undefined : toBusTopic(replyTo),
    correlationId,
  };
}

/** As it may be; each part is looked at before it is believed. */
type Written = Partial<Omit<Unwrapped, "body" | "headers">> & { readonly body?: unknown; readonly headers?: unknown };

function parse(payload: Buffer): Written {
  try {
    return JSON.parse(payload.toString()) as Written;
  } catch {
    return {};
  }
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function headersOf(written: unknown): Record<string, string> | undefined {
  if (typeof written !== "object" || written === null || Array.isArray(written)) return undefined;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(written)) {
    if (typeof value !== "string") return undefined;
    setOwn(headers, name, value);
  }
  return headers;
}
