import { Buffer } from "./buffer.ts";
/** What stands before data that is no text, in Base64. */
const bytesPrefix = "busbar-bytes:";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The Correlation Data of a correlation id (MQTT 5.0 §3.3.2.3.6). The inverse of `fromCorrelationData`. */
export function toCorrelationData(correlationId: string): Buffer {
  return correlationId.startsWith(bytesPrefix)
    ? Buffer.from(correlationId.slice(bytesPrefix.length), "base64")
    : Buffer.from(correlationId);
}

/** A correlation id that gives the same bytes back, also where a foreign client's are no text. */
export function fromCorrelationData(data: Uint8Array): string {
  try {
    return decoder.decode(data);
  } catch {
    return bytesPrefix + Buffer.from(data).toString("base64");
  }
}
