import type { ConfirmChannel, Options } from "amqplib";
import { bodyOf } from "./from-record.ts";
import { frameEnd, frameOverhead, PublishHeads } from "./publish-head.ts";
import type { SocketBatch } from "./socket-batch.ts";
import type { PublishedMessage } from "./unconfirmed-publishes.ts";

/** What the client keeps to itself of a channel; this is the one place that knows. */
interface ClientChannel {
  /** The channel's number. */
  readonly ch?: number;
  readonly connection?: {
    readonly frameMax: number;
    /** By their numbers, with what each has to send. */
    readonly channels: readonly ({
      readonly channel: unknown;
      readonly buffer: { write(frames: Buffer): boolean };
    } | null)[];
    /** No heartbeat is sent where something else was. */
    sentSinceLastCheck: boolean;
  };
  /** Takes the callback for the next message that goes out on the channel. */
  pushConfirmCallback?(confirmed: Confirmed): void;
}

/** Called with nothing when the broker took the message, and with an error when it did not, or the channel is gone. */
type Confirmed = (error: unknown) => void;

/** How many publishes go into one piece of memory, in bytes. */
const pieceBytes = 64 * 1024;
/** A longer body is not copied. */
const longestCopied = 16 * 1024;

/**
 * Publishes on a channel in confirm mode. Those of one turn go to the client's queue of the channel in one piece, where the client would send each by
 * way of two streams; what is unusual the client publishes itself, in its turn, and throws what it throws.
 */
export class ConfirmedPublishes {
  readonly #channel: ConfirmChannel;
  readonly #batch: SocketBatch;
  readonly #inside: ClientChannel;
  readonly #heads: PublishHeads | undefined;
  #piece: Buffer = Buffer.alloc(0);
  /** What of the piece the client has already. */
  #from = 0;
  #to = 0;
  readonly #handOverSoon = (): void => this.#handOver();

  constructor(channel: ConfirmChannel, batch: SocketBatch) {
    this.#channel = channel;
    this.#batch = batch;
    this.#inside = channel as unknown as ClientChannel;
    const { ch, connection, pushConfirmCallback } = this.#inside;
    if (ch !== undefined && connection !== undefined && pushConfirmCallback !== undefined)
      this.#heads = new PublishHeads(ch);
  }

  publish(
    exchange: string,
    routingKey: string,
    record: PublishedMessage,
    properties: Options.Publish,
    confirmed: Confirmed,
  ): void {
    const { body } = record;
    const head = this.#isUsual(body) ? this.#heads?.of(exchange, routingKey, properties, body.length) : undefined;
    if (head === undefined) {
      this.#handOver();
      this.#channel.publish(exchange, routingKey, bodyOf(record), properties, confirmed);
      void this.#batch.gather();
      return;
    }
    this.#inside.pushConfirmCallback?.(confirmed);
    this.#makeRoom(head.length + body.length + 1);
    if (this.#from === this.#to) queueMicrotask(this.#handOverSoon);
    this.#to += this.#piece.write(head, this.#to, "latin1");
    if (body.length === 0) return;
    this.#piece.set(body, this.#to);
    this.#to += body.length;
    this.#to += this.#piece.write(frameEnd, this.#to, "latin1");
  }

  /** In front of whatever else goes out on the channel. */
  #handOver(): void {
    if (this.#from === this.#to) return;
    const piece = this.#piece.subarray(this.#from, this.#to);
    this.#from = this.#to;
    const { ch = 0, connection } = this.#inside;
    const open = connection?.channels[ch];
    // Else it is gone, and has told all that wait for confirms.
    if (connection === undefined || open?.channel !== this.#channel) return;
    connection.sentSinceLastCheck = true;
    open.buffer.write(piece);
  }

  #makeRoom(bytes: number): void {
    if (this.#piece.length - this.#to >= bytes) return;
    this.#handOver();
    this.#piece = Buffer.allocUnsafeSlow(Math.max(pieceBytes, bytes));
    this.#from = 0;
    this.#to = 0;
  }

  #isUsual(body: Uint8Array): boolean {
    const { frameMax = 0 } = this.#inside.connection ?? {};
    return body.length <= longestCopied && body.length + frameOverhead <= frameMax;
  }
}
