import type { InboundRecord } from "@busbar/core/contract";
import { fields, headerPrefix } from "./from-record.ts";
import { listOf, textOf } from "./reply.ts";
import type { Reply } from "./reply.ts";

/** An entry of a stream as Redis gives it, which is also what `message.native` is. */
export interface Entry {
  readonly id: string;
  /** Names and values in turn; `undefined` when the entry is gone from the stream. */
  readonly fields: readonly Reply[] | undefined;
}

const headerName = /^[A-Za-z0-9!#$%&'*+.^_|~`-]+$/;
const control = /\p{Cc}/u;
const own = new Set<string>(Object.values(fields));
/** The driver's own names by how many letters they have. */
const ownByLength: readonly (readonly string[])[] = Array.from(
  { length: 1 + Math.max(...Array.from(own, ({ length }) => length)) },
  (_none, length) => [...own].filter((name) => name.length === length),
);

/** The entries of one stream in a reply. */
export function entriesOf(reply: Reply | undefined): Entry[] {
  return listOf(reply).map((entry) => {
    const [id, flat] = listOf(entry);
    return { id: textOf(id), fields: Array.isArray(flat) ? listOf(flat) : undefined };
  });
}

/**
 * Makes a record of an entry. What a foreign client did not write is left out; fields that are not the driver's own count as headers,
 * as far as they can be some. Where no time is written it is the one at which the server took it. Never throws.
 *
 * @param address The bus topic of the stream.
 */
export function recordOf(address: string, entry: Entry): InboundRecord {
  const meta = new Map<string, Reply>();
  const headers: [string, string][] = [];
  const flat = entry.fields ?? [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = nameOf(flat[at]);
    if (own.has(name)) meta.set(name, flat[at + 1] ?? null);
    else {
      const header = name.startsWith(headerPrefix) ? name.slice(headerPrefix.length) : name;
      const value = textOf(flat[at + 1]);
      if (headerName.test(header) && !control.test(value)) headers.push([header, value]);
    }
  }
  const text = (name: string): string | undefined => (meta.has(name) ? textOf(meta.get(name)) : undefined);
  const body = meta.get(fields.body);
  return {
    address,
    topic: text(fields.topic),
    // Many entries share the chunk that the socket gave, so the bytes are copied.
    body: Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.alloc(0),
    // Own properties, also for a header called "__proto__".
    headers: Object.fromEntries(headers),
    key: text(fields.key),
    id: text(fields.id),
    timestamp: timestampOf(text(fields.timestamp)) ?? Number(entry.id.split("-")[0]),
    contentType: text(fields.contentType),
    replyTo: text(fields.replyTo),
    correlationId: text(fields.correlationId),
    native: entry,
  };
}

/** The name of a field. Nearly all are the driver's own, and to know a text by its bytes costs less than to make it anew. */
function nameOf(bytes: Reply | undefined): string {
  if (!Buffer.isBuffer(bytes)) return textOf(bytes);
  return ownByLength[bytes.length]?.find((name) => isText(bytes, name)) ?? textOf(bytes);
}

function isText(bytes: Uint8Array, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[at] !== text.charCodeAt(at)) return false;
  return true;
}

function timestampOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
