import type { InboundRecord } from "@busbar/core/contract";
import { setOwn } from "@busbar/core/driver";
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
const noBody = Buffer.alloc(0);
const noHeaders: Record<string, string> = Object.freeze({});
const own = Object.values(fields);
/** The driver's own names by how many letters they have. */
const ownByLength: readonly (readonly string[])[] = Array.from(
  { length: 1 + Math.max(...own.map(({ length }) => length)) },
  (_none, length) => own.filter((name) => name.length === length),
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
  const record = new EntryRecord(address, entry);
  const flat = entry.fields ?? [];
  for (let at = 0; at + 1 < flat.length; at += 2) record.take(nameOf(flat[at]), flat[at + 1]);
  record.timestamp ??= Number(entry.id.split("-")[0]);
  return record;
}

/** A class because every message has one (`docs/performance.md`). */
class EntryRecord implements InboundRecord {
  readonly address: string;
  topic: string | undefined = undefined;
  body: Uint8Array = noBody;
  headers: Record<string, string> = noHeaders;
  key: string | undefined = undefined;
  id: string | undefined = undefined;
  timestamp: number | undefined = undefined;
  contentType: string | undefined = undefined;
  replyTo: string | undefined = undefined;
  correlationId: string | undefined = undefined;
  readonly native: Entry;

  constructor(address: string, entry: Entry) {
    this.address = address;
    this.native = entry;
  }

  /** Takes one field over; of several with the same name the last counts. */
  take(name: string, value: Reply | undefined): void {
    switch (name) {
      case fields.body:
        // Many entries share the chunk that the socket gave, so the bytes are copied.
        this.body = Buffer.isBuffer(value) ? Buffer.from(value) : noBody;
        return;
      case fields.id:
        this.id = textOf(value);
        return;
      case fields.contentType:
        this.contentType = textOf(value);
        return;
      case fields.timestamp:
        this.timestamp = timestampOf(textOf(value));
        return;
      case fields.key:
        this.key = textOf(value);
        return;
      case fields.topic:
        this.topic = textOf(value);
        return;
      case fields.replyTo:
        this.replyTo = textOf(value);
        return;
      case fields.correlationId:
        this.correlationId = textOf(value);
        return;
      case fields.slot:
        return;
      default:
        this.#takeHeader(name, textOf(value));
    }
  }

  #takeHeader(name: string, value: string): void {
    const header = name.startsWith(headerPrefix) ? name.slice(headerPrefix.length) : name;
    if (!headerName.test(header) || control.test(value)) return;
    if (this.headers === noHeaders) this.headers = {};
    setOwn(this.headers, header, value);
  }
}

/** The name of a field. Nearly all are the driver's own, and to know a text by its bytes costs less than to make it anew. */
function nameOf(bytes: Reply | undefined): string {
  if (!Buffer.isBuffer(bytes)) return textOf(bytes);
  for (const name of ownByLength[bytes.length] ?? []) if (isText(bytes, name)) return name;
  return textOf(bytes);
}

function isText(bytes: Uint8Array, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[at] !== text.charCodeAt(at)) return false;
  return true;
}

function timestampOf(text: string): number | undefined {
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
