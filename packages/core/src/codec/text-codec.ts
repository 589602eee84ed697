import type { Codec } from "../contract/index.ts";
import { PayloadError } from "../errors.ts";
import { decodeText, encodeText } from "./character-set.ts";

/**
 * Text as UTF-8, byte for byte. Takes strings only. Reads the character set that the content type names, UTF-8 when it
 * names none; bytes that are not valid in it are a `PayloadError`, never replacement characters.
 */
export const textCodec: Codec = {
  contentType: "text/plain",

  encode(value) {
    if (typeof value !== "string") {
      throw new PayloadError(
        "BUSBAR_CODEC",
        `A payload of type text has to be a string, not ${value === null ? "null" : typeof value}; leave the content type out to send it as JSON.`,
      );
    }
    return encodeText(value);
  },

  decode: decodeText,
};
