import type { Codec } from "../contract/index.ts";
import { BusError, ConfigError, InvalidArgumentError, PayloadError } from "../errors.ts";
import { bytesCodec, isBytes } from "./bytes-codec.ts";
import { decodeUtf8 } from "./character-set.ts";
import { jsonCodec, jsonOrText } from "./json-codec.ts";
import type { MediaType } from "./media-type.ts";
import { parseMediaType } from "./media-type.ts";
import { textCodec } from "./text-codec.ts";

/** A payload as it goes over the wire. */
export interface EncodedPayload {
  readonly body: Uint8Array;
  readonly contentType: string;
}

/** Every codec of a bus behind two calls. */
export interface Codecs {
  /**
   * Turns a payload into bytes. Without a content type bytes stay bytes (`application/octet-stream`) and every other
   * value is JSON. With one its codec writes the payload, and the content type goes over the wire as it was given;
   * bytes are passed as they are, being encoded already, unless a codec of yours has that content type.
   *
   * Throws `PayloadError` for a payload that cannot be written, `InvalidArgumentError` for a content type that is none.
   */
  encode(value: unknown, contentType?: string): EncodedPayload;
  /**
   * Turns bytes into the payload, by content type: yours, JSON (also `+json`), text (`text/*`); any other type gives
   * the bytes. A message without a content type, or with one that cannot be understood, is the value where it is JSON,
   * else the text where it is UTF-8, else the bytes. Throws `PayloadError` where the bytes are not what the content
   * type says.
   */
  decode(body: Uint8Array, contentType: string | undefined): unknown;
}

/** Which codec takes a content type, and whether it is one of the user's. */
interface Choice {
  readonly codec: Codec;
  readonly own: boolean;
}

const cacheSize = 512;

/**
 * Makes the codecs of a bus: json, text and bytes, and `extra` before them. Throws `ConfigError` when one of `extra`
 * has no proper content type, or two have the same.
 */
export function createCodecs(extra: readonly Codec[]): Codecs {
  const own = byEssence(extra);
  const byContentType = new Map<string, Choice | undefined>();
  const json = choose("application/json");

  /** `undefined` for a content type that cannot be understood. */
  function choose(contentType: string): Choice | undefined {
    const known = byContentType.get(contentType);
    if (known !== undefined || byContentType.has(contentType)) return known;
    const mediaType = parseMediaType(contentType);
    const choice = mediaType === undefined ? undefined : chooseFor(mediaType, own);
    if (byContentType.size >= cacheSize) byContentType.clear();
    byContentType.set(contentType, choice);
    return choice;
  }

  return {
    encode(value, contentType) {
      if (contentType === undefined) {
        if (isBytes(value)) return { body: value, contentType: bytesCodec.contentType };
        const codec = json?.codec ?? jsonCodec;
        return { body: write(codec, value, codec.contentType), contentType: codec.contentType };
      }
      const choice = choose(contentType);
      if (choice === undefined) {
        throw new InvalidArgumentError(
          `The content type ${JSON.stringify(contentType)} is none; write a media type such as "application/json" or "text/plain".`,
        );
      }
      if (!choice.own) {
        if (isBytes(value)) return { body: value, contentType };
        assertWritable(choice.codec, contentType);
      }
      return { body: write(choice.codec, value, contentType), contentType };
    },

    decode(body, contentType) {
      const choice = contentType === undefined ? undefined : choose(contentType);
      if (choice === undefined) return guess(body);
      return read(choice.codec, choice.own ? plainBytes(body) : body, contentType as string);
    },
  };
}

function chooseFor(mediaType: MediaType, own: ReadonlyMap<string, Codec>): Choice {
  const { essence, suffix } = mediaType;
  const exact = own.get(essence);
  if (exact !== undefined) return { codec: exact, own: true };
  if (essence === jsonCodec.contentType || essence === "text/json") return { codec: jsonCodec, own: false };
  if (suffix !== undefined) {
    const bySuffix = own.get(`application/${suffix}`);
    if (bySuffix !== undefined) return { codec: bySuffix, own: true };
    if (suffix === "json") return { codec: jsonCodec, own: false };
  }
  return { codec: essence.startsWith("text/") ? textCodec : bytesCodec, own: false };
}

function byEssence(codecs: readonly Codec[]): ReadonlyMap<string, Codec> {
  const known = new Map<string, Codec>();
  const problems: string[] = [];
  for (const codec of codecs) {
    const essence = parseMediaType(codec.contentType)?.essence;
    if (essence === undefined)
      problems.push(`A codec has the content type ${JSON.stringify(codec.contentType)}, which is no media type.`);
    else if (known.has(essence)) problems.push(`Two codecs have the content type "${essence}"; keep one.`);
    else known.set(essence, codec);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return known;
}

/** What the built-in codecs cannot write, said before they would write something else. */
function assertWritable(codec: Codec, contentType: string): void {
  if (codec === bytesCodec && parseMediaType(contentType)?.essence !== bytesCodec.contentType) {
    throw new PayloadError(
      "BUSBAR_CODEC",
      `No codec writes ${contentType}; publish the bytes (a Uint8Array), or give the bus a codec for it.`,
    );
  }
  const charset = parseMediaType(contentType)?.charset;
  if (charset !== undefined && charset !== "utf-8" && charset !== "utf8") {
    throw new PayloadError(
      "BUSBAR_CODEC",
      `The content type ${contentType} asks for another character set than UTF-8; leave the charset out, or encode the text yourself and publish the bytes.`,
    );
  }
}

function write(codec: Codec, value: unknown, contentType: string): Uint8Array {
  let body: unknown;
  try {
    body = codec.encode(value);
  } catch (cause) {
    throw asPayloadError(cause, `The codec for ${contentType} cannot write the payload`);
  }
  if (isBytes(body)) return body;
  throw new PayloadError(
    "BUSBAR_CODEC",
    `The codec for ${contentType} gave no Uint8Array; encode() has to return the bytes, not a promise.`,
  );
}

function read(codec: Codec, body: Uint8Array, contentType: string): unknown {
  try {
    return codec.decode(body, contentType);
  } catch (cause) {
    throw asPayloadError(cause, `The codec for ${contentType} cannot read a body of ${body.byteLength} bytes`);
  }
}

/** What a codec of yours is given on every broker: a `Buffer`, which some give, cuts pieces off in another way. */
function plainBytes(body: Uint8Array): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
}

function guess(body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  return text === undefined ? bytesCodec.decode(body, bytesCodec.contentType) : jsonOrText(text);
}

function asPayloadError(cause: unknown, what: string): Error {
  if (BusError.is(cause)) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PayloadError("BUSBAR_CODEC", `${what}: ${why}`, { cause });
}
