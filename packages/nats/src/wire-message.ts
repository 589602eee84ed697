import type { Msg, MsgHdrs } from "@nats-io/nats-core";
import type { MsgImpl } from "@nats-io/nats-core/internal";

/** The parts of a message that a record is made from; a stored one has them too. */
export interface WireMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
  /** The headers as they came (NATS ADR-4), where somebody kept them. */
  readonly block?: string | undefined;
  /** Where a request of core NATS is to be answered; in a stream it means something else. */
  readonly reply?: string | undefined;
  /** The client's own message. */
  readonly native?: unknown;
}

/**
 * A message that has come, as texts. The pinned client keeps the bytes and makes texts of them one by one; they lie side by side in what the socket
 * gave, and reading them there takes a fifth of that.
 */
export class ArrivedMessage implements WireMessage {
  readonly native: Msg;
  readonly subject: string;
  readonly reply: string | undefined;
  readonly data: Uint8Array;
  readonly block: string | undefined;

  constructor(message: Msg) {
    this.native = message;
    const { _msg: line, _rdata: bytes } = message as MsgImpl;
    this.data = message.data;
    const text = line.hdr > 0 ? textBetween(line.subject, bytes, line.hdr) : undefined;
    const { length } = line.subject;
    if (text === undefined) {
      this.subject = textOf(line.subject);
      this.reply = line.reply === undefined ? undefined : textOf(line.reply);
      this.block = line.hdr > 0 ? textOf(bytes.subarray(0, line.hdr)) : undefined;
    } else {
      // Most messages have the subject of the one before, and to know a text by itself costs less than to make it anew.
      if (lastSubject.length !== length || !text.startsWith(lastSubject)) lastSubject = text.slice(0, length);
      this.subject = lastSubject;
      this.reply = line.reply === undefined ? undefined : partOf(text, line.reply, line.subject.byteOffset);
      this.block = text.slice(text.length - line.hdr);
    }
  }

  get headers(): MsgHdrs | undefined {
    return this.native.headers;
  }
}

const nothing = new Uint8Array(0);
let lastSubject = "";
/** What the socket gave last: many messages lie in one chunk. */
let chunk: Buffer = Buffer.alloc(0);

/** The subject of a message of which no text is needed, as it came. */
export function subjectBytes(message: Msg): Uint8Array {
  const { _msg: line } = message as MsgImpl;
  return line.subject;
}

/** The reply subject of a message, as it came; empty where it has none. */
export function replyBytes(message: Msg): Uint8Array {
  const { _msg: line } = message as MsgImpl;
  return line.reply ?? nothing;
}

/** The text of bytes that the client has. */
export function textOf(bytes: Uint8Array): string {
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString();
}

/** What bytes of the same piece say, whose text begins at an offset. */
function partOf(text: string, { byteOffset, length }: Uint8Array, begin: number): string {
  return text.slice(byteOffset - begin, byteOffset - begin + length);
}

/** From a subject to the end of the headers behind it, where they lie in one piece and each character is one byte. */
function textBetween(subject: Uint8Array, bytes: Uint8Array, headers: number): string | undefined {
  if (subject.buffer !== bytes.buffer) return undefined;
  if (chunk.buffer !== bytes.buffer) chunk = Buffer.from(bytes.buffer);
  const [from, to] = [subject.byteOffset, bytes.byteOffset + headers];
  const text = chunk.toString("utf8", from, to);
  return text.length === to - from ? text : undefined;
}
