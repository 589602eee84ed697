import { wire } from "./from-record.ts";
import { percentDecode } from "./header-lines.ts";
import type { WireMessage } from "./wire-message.ts";

/** The headers of a message, taken apart: the bus's own as they stand there, and the user's. */
export class ReadHeaders {
  contentType: string | undefined = undefined;
  id: string | undefined = undefined;
  publishToken: string | undefined = undefined;
  key: string | undefined = undefined;
  timestamp: string | undefined = undefined;
  topic: string | undefined = undefined;
  replyTo: string | undefined = undefined;
  correlationId: string | undefined = undefined;
  /** Absent where there are none. */
  users: Map<string, string> | undefined = undefined;

  /** Takes a line in. What stands there several times is one list, as in HTTP. */
  add(name: string, value: string): void {
    const lower = name.toLowerCase();
    const own = fields.get(lower);
    if (own !== undefined) this.set(own, value);
    else if (name.startsWith(wire.escaped))
      this.#addUsers(percentDecode(name.slice(wire.escaped.length)), percentDecode(value));
    else if (!lower.startsWith("nats-")) this.#addUsers(name, value);
  }

  /** Takes in a line of the bus's own. */
  set(field: Field, value: string): void {
    this[field] = joined(this[field], value);
  }

  #addUsers(name: string, value: string): void {
    this.users ??= new Map();
    this.users.set(name, joined(this.users.get(name), value));
  }
}

type Field = Exclude<keyof ReadHeaders, "users" | "add" | "set">;

/** The bus's own lines as it writes them, in the order in which it writes them, up to the value. */
const ownLines: readonly (readonly [string, Field])[] = [
  [`${wire.contentType}: `, "contentType"],
  [`${wire.id}: `, "id"],
  [`${wire.key}: `, "key"],
  [`${wire.timestamp}: `, "timestamp"],
  [`${wire.topic}: `, "topic"],
  [`${wire.replyTo}: `, "replyTo"],
  [`${wire.correlationId}: `, "correlationId"],
  [`${wire.publishToken}: `, "publishToken"],
];

const fields: ReadonlyMap<string, Field> = new Map(
  ownLines.map(([line, field]) => [line.slice(0, -2).toLowerCase(), field]),
);

/**
 * Takes the headers of a message apart. Never throws; of headers that cannot be read nothing is told.
 *
 * @param parts What the message gave for its data, subject and reply subject, which it makes anew each time.
 */
export function readHeaders(message: WireMessage, parts: MessageParts): ReadHeaders {
  const headers = new ReadHeaders();
  const block = blockOf(message, parts);
  if (block !== undefined) readBlock(block, headers);
  else for (const [name, values] of linesOf(message)) headers.add(name, values.join(", "));
  return headers;
}

/** What is asked of a message once. */
export interface MessageParts {
  readonly data: Uint8Array;
  readonly subject: string;
  readonly reply: string | undefined;
}

/** What the socket gave last: many messages lie in one chunk. */
let chunk: Buffer = Buffer.alloc(0);

/**
 * The headers as they came (NATS ADR-4). They stand in front of the data, and reading them there takes a fifth of what the client's own reading does.
 * `undefined` where that is not so.
 */
function blockOf(message: WireMessage, { data, subject, reply = "" }: MessageParts): string | undefined {
  if (message.size === undefined) return undefined;
  const length = message.size() - Buffer.byteLength(subject) - Buffer.byteLength(reply) - data.byteLength;
  if (length <= 0 || length > data.byteOffset) return undefined;
  if (chunk.buffer !== data.buffer) chunk = Buffer.from(data.buffer);
  const block = chunk.toString("utf8", data.byteOffset - length, data.byteOffset);
  return block.startsWith("NATS/1.0") && block.endsWith("\r\n\r\n") ? block : undefined;
}

function readBlock(block: string, headers: ReadHeaders): void {
  for (let at = block.indexOf("\r\n") + 2; at < block.length - 2;) {
    const end = block.indexOf("\r\n", at);
    if (!readOwnLine(block, at, end, headers)) {
      const colon = block.indexOf(":", at);
      if (colon !== -1 && colon < end) headers.add(block.slice(at, colon), block.slice(colon + 1, end).trim());
    }
    at = end + 2;
  }
}

/** The content type that came last: most messages have the same, and to know a text by itself costs less than to make it anew. */
let contentType = "application/json";

/** Reads a line that stands there as the bus writes it, without making a text of its name. */
function readOwnLine(block: string, at: number, end: number, headers: ReadHeaders): boolean {
  for (const [line, field] of ownLines) {
    if (!block.startsWith(line, at)) continue;
    const from = at + line.length;
    if (field !== "contentType") headers.set(field, block.slice(from, end).trim());
    else {
      if (from + contentType.length !== end || !block.startsWith(contentType, from))
        contentType = block.slice(from, end).trim();
      headers.set(field, contentType);
    }
    return true;
  }
  return false;
}

/** The client throws on a foreign name that it would not write itself. */
function linesOf(message: WireMessage): Iterable<[string, string[]]> {
  try {
    return message.headers ?? [];
  } catch {
    return [];
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}
