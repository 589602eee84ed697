import type { Codec } from "../contract/index.ts";
import { PayloadError } from "../errors.ts";

/**
 * Bytes as they are. A `Buffer` goes in like any `Uint8Array`; what comes out is a plain `Uint8Array` on every broker,
 * a copy that its receiver may change.
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
    // A copy: a handler may change what it gets, and the next attempt, or the dead letter, has to have the bytes as they arrived.
    return new Uint8Array(body);
  },
};

/** Tells whether a payload is bytes: a `Uint8Array` or a `Buffer`. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || Object.prototype.toString.call(value) === "[object Uint8Array]";
}
