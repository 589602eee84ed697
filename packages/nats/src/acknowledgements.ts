import type { NatsConnection } from "@nats-io/nats-core";
import type { Delivery, InboundRecord, Outcome } from "@busbar/core/contract";
import { oncePerTurn } from "@busbar/core/driver";
import type { Connection } from "./connection.ts";

/** One settlement on its way to the server. */
export interface Acknowledgement {
  /** The reply subject of the delivery: `$JS.ACK.<stream>.<consumer>.…`. */
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly outcome: Outcome;
  /** The message's place in its stream. */
  readonly sequence: number;
  /** Absent where core never saw the message. */
  readonly delivery?: Delivery | undefined;
}

const encoder = new TextEncoder();
const ack = encoder.encode("+ACK");
const nak = encoder.encode("-NAK");
const term = encoder.encode("+TERM");

/** What extends the time that a delivery may stay unsettled. */
export const inProgress: Uint8Array = encoder.encode("+WPI");

/** The payload that settles a delivery so. */
export function settlementPayload(outcome: Outcome, delayMs?: number): Uint8Array {
  if (outcome === "ack") return ack;
  if (outcome === "reject") return term;
  if (delayMs === undefined || delayMs <= 0) return nak;
  return encoder.encode(`-NAK {"delay": ${Math.ceil(delayMs) * 1_000_000}}`);
}

/** What is released in one turn comes again in the order of the stream, so it is given back in that order. */
function releasesInOrder(acknowledgements: readonly Acknowledgement[]): readonly Acknowledgement[] {
  const releases = acknowledgements.filter(({ outcome }) => outcome === "release");
  if (releases.length < 2) return acknowledgements;
  const others = acknowledgements.filter(({ outcome }) => outcome !== "release");
  return [...others, ...releases.sort((one, other) => one.sequence - other.sequence)];
}

/**
 * The settlements of one subscription, written in one go for each turn of the event loop. An acknowledgement is a message to
 * a subject and belongs to no socket: what may have been lost with a connection is written again on the next one, so that
 * a message which was handled does not come back.
 */
export class Acknowledgements {
  readonly #connection: Connection;
  readonly #client: NatsConnection;
  /** Not written yet. */
  #queued: Acknowledgement[] = [];
  /** Written since the last question whether all arrived. */
  #written: Acknowledgement[] = [];
  /** Written before the question that is on its way. */
  #asked: Acknowledgement[] = [];
  #asking = false;
  #held = false;
  #idle: (() => void)[] = [];
  readonly #writeSoon = oncePerTurn(() => this.write());

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#client = connection.client;
  }

  add(acknowledgement: Acknowledgement): void {
    this.#queued.push(acknowledgement);
    this.#writeSoon();
  }

  /** Writes what is queued, unless there is no connection. */
  write(): void {
    if (this.#held || !this.#connection.connected || this.#client.isClosed()) return;
    const queued = this.#queued;
    this.#queued = [];
    for (const acknowledgement of releasesInOrder(queued)) {
      this.#client.publish(acknowledgement.subject, acknowledgement.payload);
      this.#written.push(withoutMessage(acknowledgement));
    }
    letGo(queued);
    this.#ask();
  }

  /** Writes nothing until `resume`. */
  hold(): void {
    this.#held = true;
  }

  /** Writes again, beginning with what a lost connection may have swallowed. */
  resume(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#takeBack();
    this.write();
  }

  #takeBack(): void {
    this.#queued = [...this.#asked, ...this.#written, ...this.#queued];
    this.#asked = [];
    this.#written = [];
  }

  /** Resolves once the server has all settlements made so far. */
  async flush(): Promise<void> {
    this.write();
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Gives up what could not be written, and returns it. */
  abandon(): readonly Acknowledgement[] {
    this.#takeBack();
    const lost = this.#queued;
    this.#queued = [];
    this.#wake();
    return lost;
  }

  get #isIdle(): boolean {
    return this.#queued.length + this.#written.length + this.#asked.length === 0;
  }

  /** A PING behind the acknowledgements: its PONG says that the server has them. */
  #ask(): void {
    if (this.#asking || this.#written.length === 0) return;
    this.#asking = true;
    const asked = this.#written;
    this.#asked = asked;
    this.#written = [];
    this.#client.flush().then(
      () => this.#answered(asked),
      () => {
        // The connection is lost; `resume` writes them again.
        this.#asking = false;
      },
    );
  }

  #answered(asked: Acknowledgement[]): void {
    this.#asking = false;
    if (this.#asked === asked) {
      this.#asked = [];
      letGo(asked);
    }
    this.#ask();
    if (this.#isIdle) this.#wake();
  }

  #wake(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

/**
 * The same, but for what is heavy of the message: thousands wait for the server's word, and to keep all of them alive until then costs a
 * quarter of the throughput.
 */
function withoutMessage({ subject, payload, outcome, sequence, delivery }: Acknowledgement): Acknowledgement {
  return { subject, payload, outcome, sequence, delivery: delivery === undefined ? undefined : new Settled(delivery) };
}

/** What is left of a delivery that is settled: which one it was. */
class Settled implements Delivery {
  readonly record: InboundRecord;
  readonly position: string | undefined;
  readonly redelivered: boolean;
  readonly deliveries: number | undefined;
  readonly stale: boolean = true;

  constructor({ record: { address, id }, position, redelivered, deliveries }: Delivery) {
    this.record = { address, id, body: nothing, headers: {} };
    this.position = position;
    this.redelivered = redelivered;
    this.deliveries = deliveries;
  }

  settle(): void {}
}

const nothing = new Uint8Array(0);

/** Empties a list that nobody needs any more: one that has become old would keep its messages alive until a whole collection. */
function letGo(list: Acknowledgement[]): void {
  list.length = 0;
}
