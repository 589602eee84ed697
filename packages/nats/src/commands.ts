import type { NatsConnection } from "@nats-io/nats-core";
import type { NatsConnectionImpl } from "@nats-io/nats-core/internal";
import { isAscii } from "./header-lines.ts";
import type { WireHeaders } from "./header-lines.ts";

/** A message without headers, whose payload is plain ASCII. */
export interface ShortMessage {
  readonly subject: string;
  readonly payload: string;
}

const lineEnd = Buffer.from("\r\n");

/**
 * Writes what is published by the thousand (NATS protocol, `PUB` and `HPUB`) into the client's own queue. The client's `publish` looks through
 * each subject again and makes bytes of command and headers apart, and of each acknowledgement alone: that costs more than the rest of a publish.
 * Where anything is unusual `publish` does it, and throws what it throws.
 */
export class Commands {
  readonly #client: NatsConnection;
  readonly #protocol: NatsConnectionImpl["protocol"];

  constructor(client: NatsConnection) {
    this.#client = client;
    this.#protocol = (client as NatsConnectionImpl).protocol;
  }

  /** Publishes a message. Subjects must be legal; throws as the client's `publish`. */
  publish(subject: string, body: Uint8Array, headers: WireHeaders, reply?: string): void {
    const length = headers.byteLength + body.byteLength;
    if (!this.#isUsual(length))
      return this.#client.publish(subject, body, { headers: headers.headers, ...(reply !== undefined && { reply }) });
    const to = reply === undefined ? subject : `${subject} ${reply}`;
    const command = `HPUB ${to} ${headers.byteLength} ${length}\r\n${headers.text}`;
    this.#count(1, length);
    // Where nothing is to be encoded, that takes half the time.
    const bytes = Buffer.from(command, headers.ascii && isAscii(to) ? "latin1" : "utf8");
    this.#protocol.sendCommand(bytes, body, lineEnd);
  }

  /** Publishes short messages, all in one piece. */
  publishShort(messages: readonly ShortMessage[]): void {
    if (messages.length === 0) return;
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
