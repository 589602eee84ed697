import { safeParse } from "fast-content-type-parse";

/** A content type, taken apart as far as a codec needs it. */
export interface MediaType {
  /** Type and subtype in lower case, without parameters: `application/json`. */
  readonly essence: string;
  /** The structured syntax suffix, without the plus sign: `json` of `application/problem+json`. */
  readonly suffix: string | undefined;
  /** The `charset` parameter in lower case. */
  readonly charset: string | undefined;
}

/**
 * Foreign messages bring content types of any make (a multipart boundary is new each time), so the cache has a bound.
 */
const cacheSize = 512;
const cache = new Map<string, MediaType | undefined>();

/** Takes a content type apart (RFC 9110, section 8.3.1); `undefined` when it is none. Remembers what it has seen. */
export function parseMediaType(contentType: string): MediaType | undefined {
  const known = cache.get(contentType);
  if (known !== undefined || cache.has(contentType)) return known;
  const { type, parameters } = safeParse(contentType);
  const plus = type.lastIndexOf("+");
  const mediaType =
    type === ""
      ? undefined
      : {
          essence: type,
          suffix: plus === -1 ? undefined : type.slice(plus + 1),
          charset: parameters["charset"]?.toLowerCase(),
        };
  if (cache.size >= cacheSize) cache.clear();
  cache.set(contentType, mediaType);
  return mediaType;
}
