import type { OutboundRecord } from "@busbar/core/contract";
import { InvalidArgumentError, UnsupportedError } from "@busbar/core/driver";
import type { Options } from "amqplib";
import {
  escapedHeader,
  expiresAtHeader,
  keyHeader,
  mustEscape,
  slotHeader,
  timestampHeader,
  topicHeader,
} from "./headers.ts";
import { routingKeyOf } from "./topic.ts";

/** The longest text that AMQP has room for in a property, a header's name or a routing key, in bytes (`shortstr`). */
export const maxShortTextBytes = 255;

/** The longest `expiration` that RabbitMQ takes, in milliseconds: ten years of 365 days. */
const maxExpirationMs = 315_360_000_000;

/**
 * The properties that carry everything of a record but its body and address. Throws `InvalidArgumentError` for what has no
 * room in them, because the broker would answer it by closing the channel, and `UnsupportedError` for what RabbitMQ does not do.
 *
 * @param slot With a dead letter: the name it is found by.
 */
export function propertiesOf(record: OutboundRecord, slot?: string): Options.Publish {
  refuseUnsupported(record);
  assertShort(record.id, "id", record);
  assertShort(record.contentType, "content type", record);
  const headers: Record<string, string> = {};
  for (const name in record.headers) {
    const wire = mustEscape(name) ? escapedHeader(name) : name;
    assertShort(wire, "name of a header", record);
    headers[wire] = record.headers[name] as string;
  }
  if (record.key !== undefined) headers[keyHeader] = record.key;
  if (record.topic !== record.address) headers[topicHeader] = record.topic;
  // The property `timestamp` counts seconds; the header is only for what it cannot say.
  if (record.timestamp % 1000 !== 0) headers[timestampHeader] = String(record.timestamp);
  if (slot !== undefined) headers[slotHeader] = slot;
  // A routing key of the exchange, so that a foreign client that answers publishes there like to any other.
  const replyTo = record.replyTo === undefined ? undefined : routingKeyOf(record.replyTo);
  if (replyTo !== undefined) assertShort(replyTo, "reply address", record);
  if (record.correlationId !== undefined) assertShort(record.correlationId, "correlation id", record);
  const expiration = record.expiresInMs === undefined ? undefined : expirationOf(record.expiresInMs, record);
  const held = isHeld(record);
  if (held && expiration !== undefined) headers[expiresAtHeader] = String(Date.now() + Number(expiration));
  const properties: Options.Publish = {
    messageId: record.id,
    contentType: record.contentType,
    timestamp: Math.floor(record.timestamp / 1000),
    persistent: record.delivery === "at-least-once",
    mandatory: isConfirmed(record),
    headers,
  };
  if (replyTo !== undefined) properties.replyTo = replyTo;
  if (record.correlationId !== undefined) properties.correlationId = record.correlationId;
  if (expiration !== undefined && !held) properties.expiration = expiration;
  if (record.priority !== undefined) properties.priority = record.priority;
  return properties;
}

/**
 * True for a record whose publish waits for the broker's word. A request does so though it travels at most once: whoever waits for an answer
 * is to hear at once that nobody is there to give one.
 */
export function isConfirmed({ delivery, replyTo }: OutboundRecord): boolean {
  return delivery === "at-least-once" || replyTo !== undefined;
}

/** True for a record that the broker is to hold back for a time. */
export function isHeld({ delayMs }: OutboundRecord): boolean {
  return delayMs !== undefined && delayMs > 0;
}

/** The body as the client wants it: the same bytes, not copied. */
export function bodyOf(record: Pick<OutboundRecord, "body">): Buffer {
  const { body } = record;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function expirationOf(expiresInMs: number, record: OutboundRecord): string {
  if (expiresInMs >= 0 && expiresInMs <= maxExpirationMs) return String(Math.ceil(expiresInMs));
  throw new InvalidArgumentError(
    `A message to "${record.topic}" cannot expire in ${expiresInMs} ms; RabbitMQ takes 0 to ${maxExpirationMs}.`,
    { broker: "amqp", topic: record.topic },
  );
}

function assertShort(text: string, what: string, record: OutboundRecord): void {
  if (text.length * 3 <= maxShortTextBytes || Buffer.byteLength(text) <= maxShortTextBytes) return;
  throw new InvalidArgumentError(
    `The ${what} of a message to "${record.topic}" is ${Buffer.byteLength(text)} bytes long; AMQP has room for ${maxShortTextBytes}.`,
    { broker: "amqp", topic: record.topic },
  );
}

function refuseUnsupported(record: OutboundRecord): void {
  if (record.retain !== true) return;
  const subject = `publish("${record.topic}")`;
  throw new UnsupportedError(
    [{ capability: "retain", subject, detail: "RabbitMQ keeps no last value; leave retain out." }],
    { broker: "amqp", topic: record.topic },
  );
}
