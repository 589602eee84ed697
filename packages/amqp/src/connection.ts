import type { AbortOptions } from "@busbar/core/contract";
import type { BusError } from "@busbar/core/driver";
import { abortable, backoffDelayMs, ClosedError, pause, reconnectPolicy } from "@busbar/core/driver";
import { dial } from "./dial.ts";
import type { Link, Purpose } from "./dial.ts";
import type { AmqpSettings } from "./options.ts";

/** How many refusals in a row are believed. A broker that has just started may not know its users yet. */
export const believedRefusals = 5;

/** A connection that lived this long was a good one, and the waits of the next reconnect begin anew. In milliseconds. */
const provenAfterMs = 1000;

/** What a connection tells its owner. */
export interface ConnectionEvents {
  readonly onFlow?: (blocked: boolean, reason?: string) => void;
}

/** Who waits for the next life of a connection. */
interface Waiting {
  readonly resolve: (link: Link) => void;
  readonly reject: (error: BusError) => void;
}

/**
 * One connection to the broker that comes back by itself: after `open` succeeded once it reconnects with backoff and jitter for
 * ever, until `close`. What lives on it (channels, consumers) belongs to others, who wait for the next life with `next`.
 * The client's own recovery is not used: it knows one host only and can hang on a connection that dies while it is set up.
 */
export class Connection {
  readonly #settings: AmqpSettings;
  readonly #purpose: Purpose;
  readonly #events: ConnectionEvents;
  readonly #closing = new AbortController();
  #opening: Promise<void> | undefined;
  #link: Link | undefined;
  #waiting: Waiting[] = [];
  #host = 0;
  #attempts = 0;
  #upSince = 0;
  #blocked = false;
  #fatal: BusError | undefined;

  constructor(settings: AmqpSettings, purpose: Purpose, events: ConnectionEvents = {}) {
    this.#settings = settings;
    this.#purpose = purpose;
    this.#events = events;
  }

  /** The open connection, or `undefined` while there is none. */
  get link(): Link | undefined {
    return this.#link;
  }

  /** Connects, in one attempt. Several calls share it; after it failed it may be tried again, after it succeeded it does nothing. */
  async open({ signal }: AbortOptions = {}): Promise<void> {
    if (this.#closing.signal.aborted) throw new ClosedError("This connection was closed.", { broker: "amqp" });
    signal?.throwIfAborted();
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    await abortable(this.#opening, signal);
  }

  /**
   * Resolves with the open connection, or the next one; rejects once it was refused again and again while reconnecting and has given up. Stays open for ever
   * after `close`, so wait for an end beside it.
   */
  next(): Promise<Link> {
    if (this.#fatal !== undefined) return Promise.reject(this.#fatal);
    return this.#link === undefined
      ? new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
      : Promise.resolve(this.#link);
  }

  /**
   * Gives the broker a new password for a connection that is open. One that ends meanwhile comes back with the new one anyway; rejects when the broker
   * refuses it.
   */
  async updateSecret(secret: string, reason: string): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    const refusal = await Promise.race([link.lost, link.model.updateSecret(Buffer.from(secret), reason)]);
    if (refusal !== undefined && !refusal.retryable) throw refusal;
  }

  /** Ends it for good, politely while that takes no longer than `graceMs`. Never rejects. */
  async close(graceMs = 2000): Promise<void> {
    this.#closing.abort(new ClosedError("This connection was closed.", { broker: "amqp" }));
    this.#waiting = [];
    await this.#opening?.catch(() => undefined);
    await this.#link?.close(graceMs);
  }

  async #connect(): Promise<void> {
    let lost: BusError | undefined;
    const link: Link = await dial(
      this.#settings,
      this.#purpose,
      {
        lost: (error) => {
          lost = error;
          this.#onLost(link);
        },
        flow: (blocked, reason) => this.#onFlow(blocked, reason),
      },
      this.#host,
      this.#closing.signal,
    );
    if (lost !== undefined) throw lost;
    if (this.#closing.signal.aborted) return link.close(0);
    this.#link = link;
    this.#upSince = Date.now();
    for (const { resolve } of this.#waiting.splice(0)) resolve(link);
  }

  #onLost(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    if (this.#blocked) this.#onFlow(false);
    if (this.#closing.signal.aborted) return;
    if (Date.now() - this.#upSince > provenAfterMs) this.#attempts = 0;
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#closing;
    for (let refusals = 0; ;) {
      await pause(backoffDelayMs(++this.#attempts, reconnectPolicy), signal);
      if (signal.aborted) return;
      this.#host++;
      try {
        return await this.#connect();
      } catch (error) {
        if (signal.aborted) return;
        refusals = (error as BusError).retryable ? 0 : refusals + 1;
        if (refusals < believedRefusals) continue;
        this.#fatal = error as BusError;
        for (const { reject } of this.#waiting.splice(0)) reject(this.#fatal);
        return;
      }
    }
  }

  #onFlow(blocked: boolean, reason?: string): void {
    if (this.#blocked === blocked) return;
    this.#blocked = blocked;
    this.#events.onFlow?.(blocked, reason);
  }
}
