import type { Codec } from "../contract/index.ts";
import { PayloadError } from "../errors.ts";

/**
 * Bytes as they are. A `Buffer` goes in like any `Uint8Array`; what comes out is a plain `Uint8Array` on every broker.
 * Nothing is copied.
 */
export const bytesCodec: Codec<Uint8Array> = {
  contentType: "application/octet-stream",

  encode(value) {
    if (!isBytes(value)) {
      throw new PayloadError(
        "BUSBAR_CODEC",
        `A payload of type bytes has to be a Uint8Array, not ${value === null ? "null" : typeof value}.`,
      );
    }
    return value;
  },

  decode(body) {
    return body.constructor === Uint8Array ? body : new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  },
};

/** Tells whether a payload is bytes: a `Uint8Array` or a `Buffer`. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || Object.prototype.toString.call(value) === "[object Uint8Array]";
}
