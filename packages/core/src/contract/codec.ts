/** Turns values into bytes and back. Chosen by content type. */
export interface Codec<T = unknown> {
  /** The media type it writes, and reads. */
  readonly contentType: string;
  /** Throws when the value cannot be written. */
  encode(value: T): Uint8Array;
  /** Throws when the bytes cannot be read. `contentType` is the one the message came with, parameters included. */
  decode(body: Uint8Array, contentType: string): T;
}
