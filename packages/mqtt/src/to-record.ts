import type { InboundRecord } from "@busbar/core/contract";
import type { IPublishPacket } from "mqtt";
import { fromCorrelationData } from "./correlation-data.ts";
import { metadataProperty, readMetadata } from "./message-metadata.ts";
import { toBusTopic } from "./topic.ts";

/**
 * Turns a PUBLISH packet, ours or a foreign client's, into a record. The body is the payload as it is. Every user property
 * but the bus's own is a header; one that came several times is one header, joined by `, `.
 */
export function toRecord(packet: IPublishPacket): InboundRecord {
  const { payload, properties } = packet;
  const { contentType, userProperties, responseTopic, correlationData } = properties ?? {};
  const { [metadataProperty]: metadata, ...headers } = userProperties ?? {};
  return {
    address: toBusTopic(packet.topic),
    body: typeof payload === "string" ? new TextEncoder().encode(payload) : bytesOf(payload),
    headers: singleValues(headers),
    ...(metadata === undefined ? {} : readMetadata(Array.isArray(metadata) ? (metadata[0] ?? "") : metadata)),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { replyTo: toBusTopic(responseTopic) }),
    ...(correlationData === undefined ? {} : { correlationId: fromCorrelationData(correlationData) }),
    ...(packet.retain ? { retained: true } : {}),
    native: packet,
  };
}

/** A plain view of the same bytes: a Buffer's `slice` means something else. */
function bytesOf(payload: Uint8Array): Uint8Array {
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
}

function singleValues(headers: Record<string, string | string[]>): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) Object.defineProperty(headers, name, { value: value.join(", ") });
  }
  return headers as Record<string, string>;
}
