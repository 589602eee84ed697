import type { MsgHdrs } from "@nats-io/nats-core";

/** A header name that the wire takes: printable ASCII without the colon. */
const writableName = /^[!-9;-~]+$/;
/**
 * Writes headers as they go over the wire (NATS ADR-4): a status line, then `name: value` lines. The client's own `MsgHdrs`
 * would trim values and search all names for each one that is added.
 */
export class HeaderLines {
  #text = "NATS/1.0\r\n";

  /** Adds a line. Name and value must have been checked. */
  add(name: string, value: string): void {
    this.#text += `${name}: ${value}\r\n`;
  }

  /** The finished block, in the shape that `publish` takes; `byteLength` counts towards `max_payload`. */
  finish(): { readonly headers: MsgHdrs; readonly byteLength: number } {
    const bytes = Buffer.from(`${this.#text}\r\n`);
    // `publish` asks headers for nothing but their bytes.
    return { headers: { encode: () => bytes } as unknown as MsgHdrs, byteLength: bytes.byteLength };
  }
}

/** Tells whether this name and value arrive as they were sent: readers strip white space around values. */
export function travelsPlain(name: string, value: string): boolean {
  return writableName.test(name) && value === value.trim() && !/[\r\n]/.test(value);
}

/** Percent-encodes any text; what is no text (half a surrogate pair) becomes a replacement character instead of an error. */
export function percentEncode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return encodeURIComponent(Buffer.from(text).toString());
  }
}

/** The inverse of `percentEncode`; what was never encoded comes back as it is. */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
