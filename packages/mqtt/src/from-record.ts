import type { OutboundRecord } from "@busbar/core/contract";
import { InvalidArgumentError, RefusedError, UnsupportedError } from "@busbar/core/driver";
import type { UnmetNeed } from "@busbar/core/driver";
import type { IClientPublishOptions, IPublishPacket } from "mqtt";
import { Buffer } from "./buffer.ts";
import { toCorrelationData } from "./correlation-data.ts";
import { writeEnvelope } from "./envelope.ts";
import { metadataProperty, writeMetadata } from "./message-metadata.ts";
import { isReserved, toMqttTopic } from "./topic.ts";

/** What a PUBLISH packet is made from. */
export interface Publication {
  readonly topic: string;
  readonly payload: Buffer;
  readonly options: IClientPublishOptions & { readonly qos: 0 | 1 | 2 };
}

/** What the server and the configuration make of it. */
export interface PublicationOptions {
  /** Whether the server tells in PUBACK that nobody is subscribed. @default false */
  readonly tellsRouted?: boolean;
  /** Whether an empty body with `retain` is to delete what is kept. @default false */
  readonly clears?: boolean;
  /** What the bus that publishes is to know its own messages by. @default none */
  readonly origin?: string | undefined;
  /** Whether MQTT 3.1.1 carries what it has no place for in an envelope. @default false */
  readonly envelope?: boolean;
}

type Properties = NonNullable<IPublishPacket["properties"]>;

/**
 * Turns a record into what mqtt.js publishes: QoS 1 for `at-least-once`, QoS 0 for `at-most-once`; the body untouched. A request, which travels
 * at most once, is QoS 1 where the server's confirmation tells whether anybody is subscribed: responders get it at QoS 0 all the
 * same, and whoever waits for an answer hears at once that nobody is there to give one.
 *
 * @throws UnsupportedError for what the protocol, or this version of it, would drop, and InvalidArgumentError for a text over
 *   which a server would end the connection.
 */
export function fromRecord(
  record: OutboundRecord,
  protocolVersion: 4 | 5,
  { tellsRouted = false, clears = false, origin, envelope = false }: PublicationOptions = {},
): Publication {
  const needs = unmetNeeds(record, protocolVersion, clears, envelope);
  if (needs.length > 0) throw new UnsupportedError(needs, { broker: "mqtt", topic: record.topic });
  const { body } = record;
  const deletes = record.retain === true && body.byteLength === 0;
  const wrapped = protocolVersion === 4 && envelope && !deletes;
  const properties = protocolVersion === 5 ? propertiesOf(record, isPassedOn(record) ? undefined : origin) : undefined;
  return {
    topic: toMqttTopic(record.address),
    payload: wrapped ? writeEnvelope(record) : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    options: {
      qos: record.delivery === "at-least-once" || (tellsRouted && record.replyTo !== undefined) ? 1 : 0,
      retain: record.retain === true,
      ...(properties === undefined ? undefined : { properties }),
    },
  };
}

/** The same, at QoS 2 where it was QoS 1. */
export function atQos2(publication: Publication): Publication {
  return publication.options.qos === 1 ? { ...publication, options: { ...publication.options, qos: 2 } } : publication;
}

/** Whether a record is no publish of the user's own: requests, answers, dead letters, and what is published once more. */
function isPassedOn({ address, passedOn }: OutboundRecord): boolean {
  return passedOn === true || isReserved(address);
}

function propertiesOf(record: OutboundRecord, origin: string | undefined): Properties {
  const { key, headers, expiresInMs } = record;
  assertString(record.contentType, "content type", record);
  for (const name of Object.keys(headers)) assertString(headers[name] ?? "", `header "${name}"`, record);
  const folded = record.topic === record.address ? undefined : record.topic;
  // A message that is sent once at most needs no id to be told from its resend; what is not sent costs nothing.
  const needsMetadata =
    record.delivery === "at-least-once" || key !== undefined || folded !== undefined || origin !== undefined;
  const properties: Properties = { contentType: record.contentType };
  if (needsMetadata) {
    const { id, timestamp } = record;
    const metadata = writeMetadata({ id, timestamp, key, topic: folded, origin });
    assertString(metadata, "id and key", record);
    properties.userProperties = { ...headers, [metadataProperty]: metadata };
  } else if (Object.keys(headers).length > 0) properties.userProperties = { ...headers };
  if (record.replyTo !== undefined) {
    properties.responseTopic = toMqttTopic(record.replyTo);
    assertString(properties.responseTopic, "response topic", record);
  }
  if (record.correlationId !== undefined) properties.correlationData = toCorrelationData(record.correlationId);
  // The protocol counts in seconds: rounded up, because early is worse than late.
  if (expiresInMs !== undefined)
    properties.messageExpiryInterval = Math.min(Math.max(1, Math.ceil(expiresInMs / 1000)), 0xffff_ffff);
  return properties;
}

const illegalInString = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** Refuses what is no UTF-8 string of the protocol, or one that servers may end the connection over (MQTT 5.0 §1.5.4). */
function assertString(text: string, what: string, { topic }: OutboundRecord): void {
  const problem =
    text.length > 21_845 && Buffer.byteLength(text) > 65_535
      ? "is longer than 65,535 bytes"
      : /[^ -~]/.test(text) && illegalInString.test(text)
        ? "holds a control character or one that Unicode does not give out"
        : undefined;
  if (problem === undefined) return;
  throw new InvalidArgumentError(`The message to "${topic}" cannot travel over MQTT: its ${what} ${problem}.`, {
    broker: "mqtt",
    topic,
  });
}

function unmetNeeds(record: OutboundRecord, protocolVersion: 4 | 5, clears: boolean, envelope: boolean): UnmetNeed[] {
  const needs: UnmetNeed[] = [];
  const subject = `publish("${record.topic}")`;
  if (record.delayMs !== undefined)
    needs.push({ capability: "delay", subject, detail: "MQTT delivers at once; leave delayMs out." });
  if (record.priority !== undefined)
    needs.push({ capability: "priority", subject, detail: "MQTT has no priorities; leave priority out." });
  if (record.retain === true && record.body.byteLength === 0 && !clears) {
    needs.push({
      capability: "emptyBody",
      subject,
      detail:
        'on MQTT an empty retained message deletes the kept one instead of being kept; with native.emptyRetained "clear" it may.',
    });
  }
  if (protocolVersion === 5) return needs;
  if (record.expiresInMs !== undefined) {
    needs.push({ capability: "expiry", subject, detail: "MQTT 3.1.1 has no expiry; use native.protocolVersion 5." });
  }
  return envelope ? needs : [...needs, ...withoutPlace(record, subject)];
}

/** What a message on MQTT 3.1.1 says beside topic and body, and only an envelope could carry. */
function withoutPlace(record: OutboundRecord, subject: string): UnmetNeed[] {
  const needs: UnmetNeed[] = [];
  const instead = "use native.protocolVersion 5, or native.envelope.";
  if (Object.keys(record.headers).length > 0)
    needs.push({ capability: "headers", subject, detail: `MQTT 3.1.1 has no headers; ${instead}` });
  if (record.key !== undefined)
    needs.push({ capability: "headers", subject, detail: `MQTT 3.1.1 has no place for a key; ${instead}` });
  if (record.topic !== record.address) {
    needs.push({
      capability: "headers",
      subject,
      detail: `MQTT 3.1.1 has no place for the topic of a folded message; ${instead}`,
    });
  }
  if (record.replyTo !== undefined || record.correlationId !== undefined) {
    const detail = `MQTT 3.1.1 has no place for where an answer goes; ${instead}`;
    needs.push({ capability: "replies", subject, detail });
  }
  if (!isTakenForGranted(record.contentType)) {
    const detail = `MQTT 3.1.1 has no place for the content type ${record.contentType}; ${instead}`;
    needs.push({ capability: "headers", subject, detail });
  }
  return needs;
}

/** Whether a reader who is told no content type takes the body for what it is, or this is what says that nothing is known of it. */
function isTakenForGranted(contentType: string): boolean {
  return /^(application\/octet-stream|(application|text)\/json|[^;]*\+json) *(;|$)/i.test(contentType);
}

/** The longest rest of a packet behind its first bytes (MQTT 5.0 §1.5.5). */
const protocolLimit = 268_435_455;

/**
 * Throws unless the packet fits what the server takes, because a server ends the connection over one that does not
 * (MQTT 5.0 §3.1.2.11.4).
 *
 * @throws RefusedError with code `BUSBAR_TOO_LARGE`.
 */
export function assertFits({ topic, payload, options }: Publication, maximumPacketSize: number | undefined): void {
  if (maximumPacketSize === undefined && payload.byteLength < protocolLimit / 2) return;
  const rest =
    2 + Buffer.byteLength(topic) + (options.qos === 0 ? 0 : 2) + propertyBytes(options.properties) + payload.byteLength;
  const size = 1 + variableByteLength(rest) + rest;
  const limit = Math.min(maximumPacketSize ?? Infinity, protocolLimit + 5);
  if (size <= limit) return;
  throw new RefusedError(
    `The message to "${topic}" makes a packet of ${size} bytes; the server takes ${limit}. Send less, or raise the limit at the server.`,
    { code: "BUSBAR_TOO_LARGE", broker: "mqtt" },
  );
}

function propertyBytes(properties: Properties | undefined): number {
  if (properties === undefined) return 0;
  let bytes = properties.contentType === undefined ? 0 : 3 + Buffer.byteLength(properties.contentType);
  if (properties.messageExpiryInterval !== undefined) bytes += 5;
  if (properties.responseTopic !== undefined) bytes += 3 + Buffer.byteLength(properties.responseTopic);
  if (properties.correlationData !== undefined) bytes += 3 + properties.correlationData.byteLength;
  for (const [name, value] of Object.entries(properties.userProperties ?? {})) {
    bytes += 5 + Buffer.byteLength(name) + Buffer.byteLength(String(value));
  }
  return variableByteLength(bytes) + bytes;
}

function variableByteLength(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}
