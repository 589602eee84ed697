import type { OutboundRecord, Receipt } from "@busbar/core/contract";
import type { BusError } from "@busbar/core/driver";
import { RefusedError } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { entryOf } from "./from-record.ts";
import type { Link, Word } from "./link.ts";
import type { RedisSettings } from "./options.ts";
import { textOf } from "./reply.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { nameOf } from "./topic.ts";
import type { Keys } from "./topic.ts";

interface Unconfirmed {
  readonly reject: (error: BusError) => void;
}

/** Publishes over the connection, in the order of the calls, and makes each topic known to wildcards with its first message. */
export class Publisher {
  readonly #settings: RedisSettings;
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #subscriptions: Subscriptions;
  /** Topics that were made known over this life of the connection: a server that was restarted may have forgotten them. */
  readonly #known = new WeakMap<Link, Map<string, Promise<unknown> | undefined>>();
  /** By address and key, in the order of sending. */
  readonly #lanes = new Map<string, Set<Unconfirmed>>();
  #idle: (() => void)[] = [];

  constructor(settings: RedisSettings, connection: Connection, keys: Keys, subscriptions: Subscriptions) {
    this.#settings = settings;
    this.#connection = connection;
    this.#keys = keys;
    this.#subscriptions = subscriptions;
  }

  /** `Broker.publish`, but for the signal. Sends before it returns, so that the order of calls is the order on the wire. */
  publish(record: OutboundRecord): Promise<Receipt> {
    const { address, topic, id, key } = record;
    const what = `Publishing to "${topic}" failed`;
    const entry = entryOf(record);
    const link = this.#connection.required(what, topic);
    const lane = `${address} ${key ?? ""}`;
    const known = this.#makeKnown(link, address);
    const added = link.ask("XADD", this.#keys.stream(address), ...this.#conditions(), "*", ...entry);
    const confirmed = new Promise<Receipt>((resolve, reject) => {
      const unconfirmed: Unconfirmed = { reject };
      this.#enter(lane, unconfirmed);
      const both = known === undefined ? added : Promise.all([added, known]).then(([position]) => position);
      both.then(
        (position) => {
          this.#leave(lane, unconfirmed);
          if (position === null) reject(missing(what, topic));
          else resolve({ id, position: `${address}/${textOf(position)}` });
        },
        (thrown: unknown) => {
          const error = classify(thrown, { what, topic, sent: true });
          if (error.retryable) this.#rejectBehind(lane, unconfirmed, error);
          this.#leave(lane, unconfirmed);
          reject(error);
        },
      );
    });
    if (record.delivery === "at-least-once") return confirmed;
    if (record.replyTo !== undefined) return this.#routed(link, address, confirmed);
    // Written by the next turn; what the server says of it is not waited for.
    confirmed.catch(() => undefined);
    return new Promise<Receipt>((resolve) => setImmediate(() => resolve({ id })));
  }

  /** A request waits for the server's word, so that whoever waits for an answer hears at once that nobody is there to give one. */
  async #routed(link: Link, address: string, confirmed: Promise<Receipt>): Promise<Receipt> {
    // Asked behind the message, on the same connection. Where it may not be asked nothing is claimed.
    const read = this.#subscriptions.isRead(link, address).catch(() => undefined);
    const [receipt, routed] = await Promise.all([confirmed, read]);
    return { ...receipt, ...(routed === undefined ? undefined : { routed }) };
  }

  /** Resolves once nothing is unconfirmed. */
  idle(): Promise<void> {
    return this.#lanes.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #conditions(): Word[] {
    const { topology, maxLength } = this.#settings;
    return [
      ...(topology === "check" ? ["NOMKSTREAM"] : []),
      ...(maxLength === 0 ? [] : ["MAXLEN", "~", String(maxLength)]),
    ];
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

  #enter(lane: string, unconfirmed: Unconfirmed): void {
    const waiting = this.#lanes.get(lane);
    if (waiting === undefined) this.#lanes.set(lane, new Set([unconfirmed]));
    else waiting.add(unconfirmed);
  }

  #leave(lane: string, unconfirmed: Unconfirmed): void {
    const waiting = this.#lanes.get(lane);
    if (waiting?.delete(unconfirmed) !== true || waiting.size > 0) return;
    this.#lanes.delete(lane);
    if (this.#lanes.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** What was sent after it may have arrived all the same; it is sent again behind it, so that the order holds. */
  #rejectBehind(lane: string, unconfirmed: Unconfirmed, error: BusError): void {
    const waiting = this.#lanes.get(lane);
    if (waiting?.has(unconfirmed) !== true) return;
    let behind = false;
    for (const other of waiting) {
      if (behind) {
        waiting.delete(other);
        other.reject(error);
      }
      behind ||= other === unconfirmed;
    }
  }
}

function missing(what: string, topic: string): RefusedError {
  return new RefusedError(`${what}: there is no such stream, and topology is "check"; make it, or set "create".`, {
    broker: "redis",
    topic,
    code: "BUSBAR_NOT_FOUND",
  });
}
