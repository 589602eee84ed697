import type { Options } from "amqplib";
import { maxShortTextBytes } from "./from-record.ts";

/** What stands in front of the body of a publish, an octet in each character. */
type PublishHead = string;

/** Everything that a frame has beside its payload: type, channel and size in front, one octet behind (AMQP 0-9-1, section 4.2.3). */
export const frameOverhead = 8;
/** The octet behind the payload. */
export const frameEnd = "\xce";
const [method, header, body] = ["\x01", "\x02", "\x03"];

/** Class, method and the reserved short of `Basic.Publish`. */
const basicPublish = "\0\x3c\0\x28\0\0";
/** Class and weight of the content header of class `Basic`. */
const basicContent = "\0\x3c\0\0";

/** The bits that say which properties follow, which they do in this order (section 4.2.6.1). */
const flags = {
  contentType: 0x8000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  priority: 0x0800,
  correlationId: 0x0400,
  replyTo: 0x0200,
  expiration: 0x0100,
  messageId: 0x0080,
  timestamp: 0x0040,
} as const;

/** The properties that are written here. */
const known: ReadonlySet<string> = new Set([
  "contentType",
  "headers",
  "persistent",
  "mandatory",
  "priority",
  "correlationId",
  "replyTo",
  "expiration",
  "messageId",
  "timestamp",
]);

/** Seconds since the epoch that fit into the lower half of a timestamp. */
const latestTimestamp = 0xffff_ffff;
/** The client makes a table of headers of 64 KiB at most, and throws beyond. */
const longestHeaders = 16_384;

/**
 * Writes publishes as they go over one channel (AMQP 0-9-1, sections 1.8.3.7 and 4.2.4 to 4.2.6), each as one text. Of each the client makes six
 * pieces of memory, and two big integers.
 */
export class PublishHeads {
  readonly #channel: string;
  /** Of the message before: most go the same way. */
  #exchange = "";
  #routingKey = "";
  #mandatory = false;
  #method = "";

  constructor(channel: number) {
    this.#channel = short(channel);
  }

  /** Nothing where anything is unusual, or not plain ASCII: that is for the client to write, or to throw for. */
  of(exchange: string, routingKey: string, properties: Options.Publish, bodyBytes: number): PublishHead | undefined {
    const content = contentOf(properties, bodyBytes);
    const way = this.#methodOf(exchange, routingKey, properties.mandatory === true);
    if (content === undefined || way === "") return undefined;
    const head = way + this.#frame(header, content);
    return bodyBytes === 0 ? head : head + body + this.#channel + long(bodyBytes);
  }

  /** The method's frame; empty where it cannot be written here. */
  #methodOf(exchange: string, routingKey: string, mandatory: boolean): string {
    if (this.#routingKey === routingKey && this.#exchange === exchange && this.#mandatory === mandatory)
      return this.#method;
    this.#exchange = exchange;
    this.#routingKey = routingKey;
    this.#mandatory = mandatory;
    const isPlain = isShort(exchange) && isShort(routingKey);
    const way = shortText(exchange) + shortText(routingKey) + (mandatory ? "\x01" : "\0");
    this.#method = isPlain ? this.#frame(method, basicPublish + way) : "";
    return this.#method;
  }

  #frame(type: string, payload: string): string {
    return type + this.#channel + long(payload.length) + payload + frameEnd;
  }
}

/** The payload of the content header. */
function contentOf(properties: Options.Publish, bodyBytes: number): string | undefined {
  for (const name in properties) if (!known.has(name)) return undefined;
  const { contentType, headers, persistent, priority, correlationId, replyTo, expiration, messageId, timestamp } =
    properties;
  let has = 0;
  let text = "";
  const add = (flag: number, value: string): void => {
    has |= flag;
    text += value;
  };
  for (const value of [contentType, correlationId, replyTo, messageId]) {
    if (value !== undefined && !isShort(value)) return undefined;
  }
  if (contentType !== undefined) add(flags.contentType, shortText(contentType));
  // The client writes an empty table too.
  const table = tableOf((headers ?? {}) as Readonly<Record<string, unknown>>);
  if (table === undefined) return undefined;
  add(flags.headers, table);
  if (persistent !== undefined) add(flags.deliveryMode, persistent ? "\x02" : "\x01");
  if (priority !== undefined) add(flags.priority, String.fromCharCode(priority));
  if (correlationId !== undefined) add(flags.correlationId, shortText(correlationId));
  if (replyTo !== undefined) add(flags.replyTo, shortText(replyTo));
  if (expiration !== undefined) add(flags.expiration, shortText(String(expiration)));
  if (messageId !== undefined) add(flags.messageId, shortText(messageId));
  if (timestamp !== undefined) {
    if (!(timestamp >= 0 && timestamp <= latestTimestamp)) return undefined;
    add(flags.timestamp, long(0) + long(timestamp));
  }
  return basicContent + long(0) + long(bodyBytes) + short(has) + text;
}

/** A table of texts. */
function tableOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  let table = "";
  for (const name in headers) {
    const value = headers[name];
    if (typeof value !== "string" || !isShort(name) || !isAscii(value)) return undefined;
    table += `${shortText(name)}S${long(value.length)}${value}`;
  }
  return table.length > longestHeaders ? undefined : long(table.length) + table;
}

function isShort(text: string): boolean {
  return text.length <= maxShortTextBytes && isAscii(text);
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

function shortText(text: string): string {
  return String.fromCharCode(text.length) + text;
}

function short(value: number): string {
  return String.fromCharCode((value >>> 8) & 0xff, value & 0xff);
}

function long(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
