import type { InboundRecord } from "@busbar/core/contract";
import { setOwn } from "@busbar/core/driver";
import type { Message } from "amqplib";
import {
  deliveriesHeader,
  expiresAtHeader,
  failuresHeader,
  keyHeader,
  routingKeyHeader,
  timestampHeader,
  topicHeader,
  userHeader,
} from "./headers.ts";
import { topicOfRoutingKey } from "./topic.ts";

/** The record of a message that RabbitMQ delivered, also a foreign client's. Never throws. */
export function recordOf(message: Message): InboundRecord {
  const { content, properties } = message;
  const headers: Record<string, string> = {};
  const wire: Readonly<Record<string, unknown>> = properties.headers ?? {};
  for (const name in wire) {
    const user = userHeader(name);
    if (user === undefined) continue;
    const text = headerText(wire[name]);
    setOwn(headers, user, text);
  }
  const { [keyHeader]: key, [topicHeader]: topic } = wire;
  const timestamp = timestampOf(properties.timestamp, wire[timestampHeader]);
  return {
    address: topicOfRoutingKey(routingKeyIn(message)),
    topic: textOf(topic),
    body: content,
    headers,
    key: textOf(key),
    id: textOf(properties.messageId),
    timestamp,
    contentType: textOf(properties.contentType),
    replyTo: typeof properties.replyTo === "string" ? topicOfRoutingKey(properties.replyTo) : undefined,
    correlationId: textOf(properties.correlationId),
    native: message,
  };
}

/** The routing key that a message was published with, also where it has come back to its queue since. */
export function routingKeyIn({ fields, properties }: Message): string {
  if (fields.exchange !== "") return fields.routingKey;
  return textOf(properties.headers?.[routingKeyHeader]) ?? fields.routingKey;
}

/** True for a message that is not worth delivering any more and that the broker did not drop: one that was held back, or that lies in a stream. */
export function hasExpired(message: Message, timestamp: number | undefined): boolean {
  const { headers, expiration } = message.properties;
  const at: unknown = headers?.[expiresAtHeader];
  if (at !== undefined) return Number(at) <= Date.now();
  if (expiration === undefined || timestamp === undefined || offsetOf(message) === undefined) return false;
  return timestamp + Number(expiration) <= Date.now();
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/**
 * How often the broker had handed the message out, this time included; `undefined` where it does not count. A quorum queue
 * says nothing the first time and then `x-delivery-count` 1, 2, 3 (RabbitMQ, "Quorum Queues: Poison Message Handling").
 */
export function deliveriesOf(message: Message, counted: boolean): number | undefined {
  if (!counted) return undefined;
  const { headers = {} } = message.properties;
  const count: unknown = headers["x-delivery-count"];
  const before = textOf(headers[deliveriesHeader]);
  return (before === undefined ? 1 : Number(before) + 1) + (typeof count === "number" ? count : 0);
}

/** How often its handler had failed when it was given back with a delay; `undefined` where it was not. */
export function failuresOf({ properties }: Message): number | undefined {
  const failures = textOf(properties.headers?.[failuresHeader]);
  return failures !== undefined && /^\d{1,9}$/.test(failures) ? Number(failures) : undefined;
}

/** True where a message of somebody else's queue, which may be of any type, shows how often it was delivered. */
export function showsDeliveries({ fields, properties }: Message): boolean {
  return !fields.redelivered || properties.headers?.["x-delivery-count"] !== undefined;
}

/** Where in its stream a message lies; `undefined` for one from a queue. */
export function offsetOf({ properties }: Message): number | undefined {
  const offset: unknown = properties.headers?.["x-stream-offset"];
  return typeof offset === "number" ? offset : undefined;
}

/** True for a message that was delivered before. */
export function isRedelivered({ fields, properties }: Message): boolean {
  return fields.redelivered || properties.headers?.[deliveriesHeader] !== undefined;
}

function timestampOf(seconds: unknown, exact: unknown): number | undefined {
  if (typeof exact === "string" && /^\d{1,16}$/.test(exact)) return Number(exact);
  return typeof seconds === "number" ? seconds * 1000 : undefined;
}

/** A header of another type than text, as another client may have sent it, written as text. */
function headerText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (Buffer.isBuffer(value)) return value.toString("utf8");
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const typed = value as { readonly "!"?: unknown; readonly value?: unknown };
  if (typed["!"] === "timestamp" && typeof typed.value === "number") return String(typed.value);
  if (typed["!"] === "decimal" && isDecimal(typed.value)) return decimalText(typed.value);
  return tableText(value);
}

/** As JSON, or as nothing where it is deeper than what JSON is made with. */
function tableText(table: unknown): string {
  try {
    return JSON.stringify(table);
  } catch {
    return "";
  }
}

interface Decimal {
  readonly places: number;
  readonly digits: number;
}

/** Not every table that says so is one. */
function isDecimal(value: unknown): value is Decimal {
  const { places, digits } = (value ?? {}) as Partial<Decimal>;
  return typeof places === "number" && typeof digits === "number";
}

/** `{ places: 2, digits: 1234 }` is 12.34, in as many digits as were sent. */
function decimalText({ places, digits }: Decimal): string {
  if (places === 0) return String(digits);
  const padded = String(digits).padStart(places + 1, "0");
  return `${padded.slice(0, -places)}.${padded.slice(-places)}`;
}
