import type { MsgHdrs } from "@nats-io/nats-core";

/** A header name that the wire takes: printable ASCII without the colon. */
const writableName = /^[!-9;-~]+$/;
/**
 * Writes headers as they go over the wire (NATS ADR-4): a status line, then `name: value` lines. The client's own `MsgHdrs`
 * would trim values and search all names for each one that is added.
 */
export class HeaderLines {
  #text = "NATS/1.0";
  #ascii = true;

  /** Adds a line. Name and value must have been checked. */
  add(name: string, value: string): void {
    this.addLine(lineOf(name), value);
  }

  /** Adds a line of which the beginning was made before: making it takes as long as writing the value. */
  addLine(line: string, value: string): void {
    this.#text += line + value;
    this.#ascii &&= isAscii(value);
  }

  /** Adds a line whose value is plain ASCII. */
  addAscii(line: string, value: string): void {
    this.#text += line + value;
  }

  /** The finished block. */
  finish(): WireHeaders {
    return new WireHeaders(`${this.#text}\r\n\r\n`, this.#ascii);
  }
}

/** What stands in front of a header's value. */
export function lineOf(name: string): string {
  return `\r\n${name}: `;
}

/** Tells whether each character of a text is one byte in UTF-8. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** The headers of a message as they go over the wire, in the shape that `publish` takes: it asks for nothing but their bytes. */
export class WireHeaders {
  readonly text: string;
  readonly ascii: boolean;
  /** In UTF-8; what counts towards `max_payload`. */
  readonly byteLength: number;

  /** @param ascii Whether each character is one byte. It is known of most headers, and finding it out costs as much as writing them. */
  constructor(text: string, ascii: boolean) {
    this.text = text;
    this.ascii = ascii;
    this.byteLength = ascii ? text.length : Buffer.byteLength(text);
  }

  /** As the client's types would have it. */
  get headers(): MsgHdrs {
    return this as unknown as MsgHdrs;
  }

  encode(): Uint8Array {
    return Buffer.from(this.text);
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
