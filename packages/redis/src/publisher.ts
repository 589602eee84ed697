import type { OutboundRecord, PublishOutcome, Receipt } from "@busbar/core/contract";
import type { BusError } from "@busbar/core/driver";
import { oncePerTurn, RefusedError, Slots } from "@busbar/core/driver";
import { classify, isRefusal } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { entryOf } from "./from-record.ts";
import type { Link, Word } from "./link.ts";
import type { RedisSettings } from "./options.ts";
import { textOf } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { nameOf } from "./topic.ts";
import type { Keys } from "./topic.ts";

/** Publishes over the connection, in the order of the calls, and makes each topic known to wildcards with its first message. */
export class Publisher {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #subscriptions: Subscriptions;
  /** Topics that were made known over this life of the connection: a server that was restarted may have forgotten them. */
  readonly #known = new WeakMap<Link, Map<string, Promise<unknown> | undefined>>();
  readonly #unconfirmed = new Slots<Unconfirmed>();
  /** What goes before the fields of each entry. */
  readonly #conditions: readonly Word[];
  /** At-most-once, written in this turn. */
  #written: { readonly id: string; readonly outcome: PublishOutcome }[] = [];
  readonly #tellSoon = oncePerTurn(() => {
    for (const { id, outcome } of this.#written.splice(0)) outcome.confirmed({ id });
  });
  #idle: (() => void)[] = [];

  constructor(settings: RedisSettings, connection: Connection, keys: Keys, subscriptions: Subscriptions) {
    const { topology, maxLength } = settings;
    this.#conditions = [
      ...(topology === "check" ? ["NOMKSTREAM"] : []),
      ...(maxLength === 0 ? [] : ["MAXLEN", "~", String(maxLength)]),
    ];
    this.#connection = connection;
    this.#keys = keys;
    this.#subscriptions = subscriptions;
  }

  /** `Broker.post`, but that it throws what cannot be sent. Sends before it returns, so that the order of calls is the order on the wire. */
  post(record: OutboundRecord, outcome: PublishOutcome): void {
    const { address, topic } = record;
    const what = `Publishing to "${topic}" failed`;
    const entry = entryOf(record);
    const link = this.#connection.required(what, topic);
    const known = this.#makeKnown(link, address);
    const added = link.ask("XADD", this.#keys.stream(address), ...this.#conditions, "*", ...entry);
    const sent = new Unconfirmed(record, this.#outcomeOf(link, record, outcome));
    sent.place = this.#unconfirmed.add(sent);
    const both = known === undefined ? added : Promise.all([added, known]).then(([position]) => position);
    both.then(
      (position) => {
        if (this.#leave(sent)) sent.answered(position);
      },
      (thrown: unknown) => {
        const error = classify(thrown, { what, topic, sent: true });
        // It takes nothing before it is the primary again, and by then nothing of this connection may be on its way.
        if (isRefusal(thrown, "READONLY")) link.destroy(error);
        if (error.retryable) this.#refuseBehind(sent, error);
        if (this.#leave(sent)) sent.outcome.refused(error);
      },
    );
  }

  /** Who is told, and of what. */
  #outcomeOf(link: Link, record: OutboundRecord, outcome: PublishOutcome): PublishOutcome {
    if (record.delivery === "at-least-once") return outcome;
    if (record.replyTo !== undefined) return this.#routed(link, record.address, outcome);
    // Written by the next turn; what the server says of it is not waited for.
    this.#written.push({ id: record.id, outcome });
    this.#tellSoon();
    return nobody;
  }

  /** A request waits for the server's word, so that whoever waits for an answer hears at once that nobody is there to give one. */
  #routed(link: Link, address: string, outcome: PublishOutcome): PublishOutcome {
    // Asked behind the message, on the same connection. Where it may not be asked nothing is claimed.
    const told = this.#subscriptions.isRead(link, address).catch(() => undefined);
    return {
      confirmed: (receipt: Receipt) => {
        void told.then((routed) => outcome.confirmed(routed === undefined ? receipt : { ...receipt, routed }));
      },
      refused: (error: Error) => outcome.refused(error),
    };
  }

  /** Resolves once nothing is unconfirmed. */
  idle(): Promise<void> {
    return this.#unconfirmed.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Resolves once the topic is known; `undefined` where it is so long since. */
  #makeKnown(link: Link, address: string): Promise<unknown> | undefined {
    let topics = this.#known.get(link);
    if (topics === undefined) this.#known.set(link, (topics = new Map<string, Promise<unknown> | undefined>()));
    if (topics.has(address)) return topics.get(address);
    const known = link.ask("SADD", this.#keys.topics, nameOf(address));
    topics.set(address, known);
    known.then(
      () => topics.set(address, undefined),
      () => topics.delete(address),
    );
    return known;
  }

  /** False where it was told already. */
  #leave(sent: Unconfirmed): boolean {
    if (this.#unconfirmed.get(sent.place) !== sent) return false;
    this.#unconfirmed.remove(sent.place);
    if (this.#unconfirmed.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    return true;
  }

  /** What was sent after it may have arrived all the same; it is sent again behind it, so that the order holds. */
  #refuseBehind(sent: Unconfirmed, error: BusError): void {
    if (this.#unconfirmed.get(sent.place) !== sent) return;
    const all = this.#unconfirmed.inOrder();
    for (const other of all.slice(all.indexOf(sent) + 1))
      if (other.isOrderedWith(sent) && this.#leave(other)) other.outcome.refused(error);
  }
}

/** A publish that Redis has not answered. */
class Unconfirmed {
  readonly outcome: PublishOutcome;
  /** Its place among the unconfirmed ones. */
  place = -1;
  readonly #record: OutboundRecord;

  constructor(record: OutboundRecord, outcome: PublishOutcome) {
    this.outcome = outcome;
    this.#record = record;
  }

  /** Tells whether the two have to arrive in the order in which they were sent. */
  isOrderedWith(other: Unconfirmed): boolean {
    const [one, two] = [this.#record, other.#record];
    return one.address === two.address && one.key === two.key;
  }

  answered(position: Reply): void {
    const { id, topic, address } = this.#record;
    if (position === null) this.outcome.refused(missing(topic));
    else this.outcome.confirmed({ id, position: `${address}/${textOf(position)}` });
  }
}

/** Where nobody waits for the answer any more. */
const nobody: PublishOutcome = { confirmed: () => undefined, refused: () => undefined };

function missing(topic: string): RefusedError {
  return new RefusedError(
    `Publishing to "${topic}" failed: there is no such stream, and topology is "check"; make it, or set "create".`,
    {
      broker: "redis",
      topic,
      code: "BUSBAR_NOT_FOUND",
    },
  );
}
