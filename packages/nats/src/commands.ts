import type { NatsConnection } from "@nats-io/nats-core";
import type { NatsConnectionImpl } from "@nats-io/nats-core/internal";
import { isAscii } from "./header-lines.ts";
import type { WireHeaders } from "./header-lines.ts";

/** A message without headers, whose payload is plain ASCII. */
export interface ShortMessage {
  readonly subject: string;
  readonly payload: string;
}

/** How many bytes of publishes go into one piece. */
const pieceBytes = 64 * 1024;
/** The client gets so many at once. It writes twice as many before the turn is over, so that the server has something to do. */
const enoughBytes = 16 * 1024;
const [carriageReturn, lineFeed] = [13, 10];

/**
 * Writes what is published by the thousand (NATS protocol, `PUB` and `HPUB`) into the client's own queue, all of a turn in one piece. The client's
 * `publish` looks through each subject again, makes bytes of command and headers apart, and of each acknowledgement alone, and copies them together
 * in the end: that costs more than the rest of a publish. Where anything is unusual `publish` does it, and throws what it throws.
 */
export class Commands {
  readonly #client: NatsConnection;
  readonly #protocol: NatsConnectionImpl["protocol"];
  #piece: Buffer = Buffer.alloc(0);
  /** What of the piece the client has already. */
  #from = 0;
  #to = 0;
  readonly #soon = (): void => this.#handOver();

  constructor(client: NatsConnection) {
    this.#client = client;
    this.#protocol = (client as NatsConnectionImpl).protocol;
  }

  /** Publishes a message. Subjects must be legal; throws as the client's `publish`. */
  publish(subject: string, body: Uint8Array, headers: WireHeaders, reply?: string): void {
    const length = headers.byteLength + body.byteLength;
    const to = reply === undefined ? subject : `${subject} ${reply}`;
    if (!this.#isUsual(length) || !headers.ascii || !isAscii(to)) {
      this.#handOver();
      return this.#client.publish(subject, body, { headers: headers.headers, ...(reply !== undefined && { reply }) });
    }
    const command = `HPUB ${to} ${headers.byteLength} ${length}\r\n${headers.text}`;
    this.#count(1, length);
    this.#makeRoom(command.length + body.byteLength + 2);
    const piece = this.#piece;
    if (this.#from === this.#to) queueMicrotask(this.#soon);
    let at = this.#to + piece.write(command, this.#to, "latin1");
    piece.set(body, at);
    at += body.byteLength;
    piece[at++] = carriageReturn;
    piece[at++] = lineFeed;
    this.#to = at;
    if (at - this.#from >= enoughBytes) this.#handOver();
  }

  /** Resolves once the server has all that was written before. Rejects when the connection is lost. */
  flush(): Promise<void> {
    this.#handOver();
    return this.#client.flush();
  }

  /** In front of whatever else is written; each turn ends with it anyway. */
  #handOver(): void {
    if (this.#from === this.#to) return;
    const piece = this.#piece.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#protocol.sendCommand(piece);
  }

  /** Publishes short messages, all in one piece. */
  publishShort(messages: readonly ShortMessage[]): void {
    if (messages.length === 0) return;
    this.#handOver();
    if (!this.#isUsual(0)) {
      for (const { subject, payload } of messages) this.#client.publish(subject, payload);
      return;
    }
    let commands = "";
    let length = 0;
    for (const { subject, payload } of messages) {
      commands += `PUB ${subject} ${payload.length}\r\n${payload}\r\n`;
      length += payload.length;
    }
    this.#count(messages.length, length);
    this.#protocol.sendCommand(Buffer.from(commands));
  }

  #makeRoom(bytes: number): void {
    if (this.#piece.length - this.#to >= bytes) return;
    this.#handOver();
    this.#piece = Buffer.allocUnsafeSlow(Math.max(pieceBytes, bytes));
    this.#from = 0;
    this.#to = 0;
  }

  #isUsual(length: number): boolean {
    const { info, noMorePublishing } = this.#protocol;
    return !this.#client.isClosed() && !noMorePublishing && info?.headers === true && length <= info.max_payload;
  }

  /** What the client's `stats()` tells. */
  #count(messages: number, bytes: number): void {
    this.#protocol.outMsgs += messages;
    this.#protocol.outBytes += bytes;
  }
}
