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

  /** Takes in a line of the bus's own. By name, since a field that is chosen as it goes takes ten times as long. */
  set(field: Field, value: string): void {
    if (field === "id") this.id = joined(this.id, value);
    else if (field === "timestamp") this.timestamp = joined(this.timestamp, value);
    else if (field === "contentType") this.contentType = joined(this.contentType, value);
    else if (field === "publishToken") this.publishToken = joined(this.publishToken, value);
    else if (field === "key") this.key = joined(this.key, value);
    else if (field === "topic") this.topic = joined(this.topic, value);
    else if (field === "replyTo") this.replyTo = joined(this.replyTo, value);
    else this.correlationId = joined(this.correlationId, value);
  }

  #addUsers(name: string, value: string): void {
    this.users ??= new Map();
    this.users.set(name, joined(this.users.get(name), value));
  }
}

type OwnLine = readonly [line: string, field: Field];
type Field = Exclude<keyof ReadHeaders, "users" | "add" | "set">;

/** The bus's own lines as it writes them, in the order in which it writes them, up to the value. */
const ownLines: readonly OwnLine[] = [
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

/** Takes the headers of a message apart. Never throws; of headers that cannot be read nothing is told. */
export function readHeaders(message: WireMessage): ReadHeaders {
  const headers = new ReadHeaders();
  const { block } = message;
  // Reading them as they came takes a fifth of what the client's own reading does.
  if (block?.startsWith("NATS/1.0") === true && block.endsWith("\r\n\r\n")) readBlock(block, headers);
  else for (const [name, values] of linesOf(message)) headers.add(name, values.join(", "));
  return headers;
}

function readBlock(block: string, headers: ReadHeaders): void {
  // The bus writes its own lines in one order, so that each is looked for behind the one before.
  let next = 0;
  let line = 0;
  for (let at = block.indexOf("\r\n") + 2; at < block.length - 2; line++) {
    const end = block.indexOf("\r\n", at);
    const own = ownLineAt(block, at, next, line);
    if (own !== -1) {
      next = own + 1;
      readOwnLine(block, at, end, ownLines[own] as OwnLine, headers);
    } else {
      const colon = block.indexOf(":", at);
      if (colon !== -1 && colon < end) headers.add(block.slice(at, colon), block.slice(colon + 1, end).trim());
    }
    at = end + 2;
  }
}

/** Which of the bus's own lines was found in each line last: most messages have the same. */
const lastOwn: number[] = ownLines.map((_, index) => index);

/** Which of the bus's own lines stands there, as it writes it; -1 for none of those from `first` on. */
function ownLineAt(block: string, at: number, first: number, line: number): number {
  const likely = lastOwn[line] ?? ownLines.length;
  if (likely >= first && isOwnLineAt(block, at, likely)) return likely;
  for (let index = first; index < ownLines.length; index++) {
    if (!isOwnLineAt(block, at, index)) continue;
    if (line < lastOwn.length) lastOwn[line] = index;
    return index;
  }
  return -1;
}

function isOwnLineAt(block: string, at: number, index: number): boolean {
  const own = ownLines[index];
  return own !== undefined && block.startsWith(own[0], at);
}

/** The content type that came last: most messages have the same, and to know a text by itself costs less than to make it anew. */
let contentType = "application/json";

/** Reads a line of which no name has to be made. */
function readOwnLine(block: string, at: number, end: number, [line, field]: OwnLine, headers: ReadHeaders): void {
  const from = at + line.length;
  if (field !== "contentType") return headers.set(field, block.slice(from, end).trim());
  if (from + contentType.length !== end || !block.startsWith(contentType, from))
    contentType = block.slice(from, end).trim();
  headers.set(field, contentType);
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
