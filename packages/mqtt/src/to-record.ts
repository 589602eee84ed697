import type { InboundRecord } from "@busbar/core/contract";
import { setOwn } from "@busbar/core/driver";
import type { IPublishPacket } from "mqtt";
import { Buffer } from "./buffer.ts";
import { fromCorrelationData } from "./correlation-data.ts";
import { readEnvelope } from "./envelope.ts";
import { metadataProperty, readMetadata } from "./message-metadata.ts";
import type { MessageMetadata } from "./message-metadata.ts";
import { toBusTopic } from "./topic.ts";

type Properties = NonNullable<IPublishPacket["properties"]>;

/**
 * Turns a PUBLISH packet, ours or a foreign client's, into a record. The body is the payload as it is. Every user property
 * but the bus's own is a header; one that came several times is one header, joined by `, `.
 *
 * @param opens Whether a payload that is an envelope is the message inside of it.
 */
export function toRecord(packet: IPublishPacket, opens: boolean = false): InboundRecord {
  const { properties } = packet;
  const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
  const unwrapped = opens ? readEnvelope(payload) : undefined;
  if (unwrapped !== undefined) {
    const retained = packet.retain ? true : undefined;
    return { address: toBusTopic(packet.topic), ...unwrapped, retained, native: packet };
  }
  const { contentType, userProperties, responseTopic, correlationData } = properties ?? {};
  const written = userProperties?.[metadataProperty];
  const metadata = written === undefined ? none : readMetadata(Array.isArray(written) ? (written[0] ?? "") : written);
  return {
    address: toBusTopic(packet.topic),
    topic: metadata.topic,
    body: payload,
    headers: headersOf(userProperties),
    key: metadata.key,
    id: metadata.id,
    timestamp: metadata.timestamp,
    contentType,
    replyTo: responseTopic === undefined ? undefined : toBusTopic(responseTopic),
    correlationId: correlationData === undefined ? undefined : fromCorrelationData(correlationData),
    retained: packet.retain ? true : undefined,
    native: packet,
  };
}

const none: MessageMetadata = {};

/** Tells whether a PUBLISH packet was published by the bus of this origin. */
export function isFrom(origin: string, { properties }: IPublishPacket): boolean {
  const written = properties?.userProperties?.[metadataProperty];
  const text = Array.isArray(written) ? written[0] : written;
  return text?.includes(origin) === true && readMetadata(text).origin === origin;
}

function headersOf(userProperties: Properties["userProperties"]): Record<string, string> {
  const headers: Record<string, string> = {};
  if (userProperties === undefined) return headers;
  for (const name of Object.keys(userProperties)) {
    if (name === metadataProperty) continue;
    const given = userProperties[name] ?? "";
    setOwn(headers, name, Array.isArray(given) ? given.join(", ") : given);
  }
  return headers;
}
