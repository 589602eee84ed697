import type { NatsConnection } from "@nats-io/nats-core";
import type { Delivery, Outcome } from "@busbar/core/contract";
import { oncePerTurn } from "@busbar/core/driver";
import type { Commands } from "./commands.ts";
import { positionOf } from "./delivery-info.ts";

/** What extends the time that a delivery may stay unsettled. */
export const inProgress = "+WPI";

/** The payload that settles a delivery so. */
export function settlementPayload(outcome: Outcome, delayMs?: number): string {
  if (outcome === "ack") return "+ACK";
  if (outcome === "reject") return "+TERM";
  if (delayMs === undefined || delayMs <= 0) return "-NAK";
  return `-NAK {"delay": ${Math.ceil(delayMs) * 1_000_000}}`;
}

/** What tells a message to be settled. */
export interface Settleable {
  readonly consumer: { readonly stream: string };
  /** The message's place in its stream. */
  readonly sequence: number;
  /** The reply subject of the delivery: `$JS.ACK.<stream>.<consumer>.…`. */
  readonly ackSubject: string;
}

/**
 * One settlement on its way to the server. Thousands wait for the server's word, and to keep all that belongs to their messages alive until then
 * would cost a quarter of the throughput: so this has of a message only which one it was.
 */
export class Acknowledgement {
  readonly subject: string;
  readonly payload: string;
  readonly outcome: Outcome;
  readonly #stream: string;
  readonly sequence: number;
  readonly #known: boolean;
  readonly #address: string = "";
  readonly #id: string | undefined;
  readonly #redelivered: boolean = false;
  readonly #deliveries: number | undefined;

  /** Without a delivery where core never saw the message. */
  constructor(
    { consumer, ackSubject, sequence }: Settleable,
    outcome: Outcome,
    delivery: Delivery | undefined,
    delayMs: number | undefined,
  ) {
    this.subject = ackSubject;
    this.payload = settlementPayload(outcome, delayMs);
    this.outcome = outcome;
    this.#stream = consumer.stream;
    this.sequence = sequence;
    this.#known = delivery !== undefined;
    if (delivery === undefined) return;
    this.#address = delivery.record.address;
    this.#id = delivery.record.id;
    this.#redelivered = delivery.redelivered;
    this.#deliveries = delivery.deliveries;
  }

  /** What is left of the delivery: which one it was. Absent where core never saw the message. */
  get delivery(): Delivery | undefined {
    if (!this.#known) return undefined;
    return {
      record: { address: this.#address, id: this.#id, body: nothing, headers: {} },
      position: positionOf(this.#stream, this.sequence),
      redelivered: this.#redelivered,
      deliveries: this.#deliveries,
      stale: true,
      settle: () => undefined,
    };
  }
}

const nothing = new Uint8Array(0);

/** How often the server is asked whether it has them, in milliseconds, unless many wait for that or somebody wants to know. */
const askEveryMs = 10;
/** Many. */
const askAtOnce = 256;
/** So many do not wait for the end of the turn: one turn may read thousands of messages, and the server would stop at its `max_ack_pending`. */
const writeAtOnce = 128;

/** What is released in one turn comes again in the order of the stream, so it is given back in that order. */
function releasesInOrder(acknowledgements: readonly Acknowledgement[]): readonly Acknowledgement[] {
  const releases = acknowledgements.filter(({ outcome }) => outcome === "release");
  if (releases.length < 2) return acknowledgements;
  const others = acknowledgements.filter(({ outcome }) => outcome !== "release");
  return [...others, ...releases.sort((one, other) => one.sequence - other.sequence)];
}

/** Where settlements go. */
export interface SettlementWay {
  readonly connected: boolean;
  readonly client: Pick<NatsConnection, "isClosed">;
  readonly commands: Pick<Commands, "publishShort" | "flush">;
}

/**
 * The settlements of one subscription, written in one go for each turn of the event loop, or for many. An acknowledgement is a message to
 * a subject and belongs to no socket: what may have been lost with a connection is written again on the next one, so that
 * a message which was handled does not come back.
 */
export class Acknowledgements {
  readonly #way: SettlementWay;
  /** Not written yet. */
  #queued: Acknowledgement[] = [];
  /** Some of those are releases, which wait for all others of their turn, to be in order. */
  #releasing = false;
  /** Written since the last question whether all arrived. */
  #written: Acknowledgement[] = [];
  /** Written before the question that is on its way. */
  #asked: Acknowledgement[] = [];
  #asking = false;
  #timer: NodeJS.Timeout | undefined;
  #held = false;
  #idle: (() => void)[] = [];
  readonly #writeSoon = oncePerTurn(() => this.write());

  constructor(way: SettlementWay) {
    this.#way = way;
  }

  add(acknowledgement: Acknowledgement): void {
    this.#queued.push(acknowledgement);
    if (acknowledgement.outcome === "release") this.#releasing = true;
    if (this.#queued.length >= writeAtOnce && !this.#releasing) this.write();
    else this.#writeSoon();
  }

  /** Writes what is queued, unless there is no connection. */
  write(): void {
    if (!this.#mayWrite) return;
    const queued = this.#queued;
    this.#queued = [];
    this.#releasing = false;
    this.#way.commands.publishShort(releasesInOrder(queued));
    for (const acknowledgement of queued) this.#written.push(acknowledgement);
    letGo(queued);
    this.#askSoon();
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
    const idle = new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#ask();
    await idle;
  }

  /** Gives up what could not be written, and returns it. */
  abandon(): readonly Acknowledgement[] {
    this.#takeBack();
    const lost = this.#queued;
    this.#queued = [];
    clearTimeout(this.#timer);
    this.#wake();
    return lost;
  }

  get #mayWrite(): boolean {
    return !this.#held && this.#way.connected && !this.#way.client.isClosed();
  }

  get #isIdle(): boolean {
    return this.#queued.length + this.#written.length + this.#asked.length === 0;
  }

  /** In time: what stands written for long, and is written again on the next connection, might meet another stream of the same name. */
  #askSoon(): void {
    if (this.#idle.length > 0 || this.#written.length >= askAtOnce) this.#ask();
    else if (this.#written.length > 0) this.#timer ??= setTimeout(() => this.#ask(), askEveryMs);
  }

  /** A PING behind the acknowledgements: its PONG says that the server has them. */
  #ask(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#asking || !this.#mayWrite || this.#written.length === 0) return;
    this.#asking = true;
    const asked = this.#written;
    this.#asked = asked;
    this.#written = [];
    this.#way.commands.flush().then(
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
    this.#askSoon();
    if (this.#isIdle) this.#wake();
  }

  #wake(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

/** Empties a list that nobody needs any more: one that has become old would keep its messages alive until a whole collection. */
function letGo(list: Acknowledgement[]): void {
  list.length = 0;
}
