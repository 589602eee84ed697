import { createInbox } from "@nats-io/nats-core";
import type { OutboundRecord, PublishOutcome } from "@busbar/core/contract";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { Outgoing, unknownOutcome } from "./outgoing.ts";

/** What the server says to a message with a reply subject that nobody is subscribed to (NATS ADR-4). */
const noResponders = 503;

/**
 * Publishes at most once, over core NATS: nobody confirms. A PING behind all that is published together bounds what
 * is underway to a server that does not read, and lets it say first that a subject is forbidden. What was written when the
 * connection is lost counts as sent: sending it again would be twice.
 *
 * A request names a reply subject of this publisher's own, though its answer goes elsewhere: there the server says before that PONG
 * that nobody is subscribed. What became of one that was underway when the connection was lost is not known.
 */
export class CorePublisher {
  readonly #connection: Connection;
  #together: Outgoing[] = [];
  readonly #underway = new Set<Outgoing[]>();
  readonly #inbox: string;
  /** The requests that are underway, by the last token of their reply subject. */
  readonly #requests = new Map<string, Outgoing>();
  #count = 0;
  readonly #flushSoon = (): void => void this.#flush();

  constructor(connection: Connection, inboxPrefix: string) {
    this.#connection = connection;
    this.#inbox = createInbox(inboxPrefix);
    connection.client.subscribe(`${this.#inbox}.*`, {
      callback: (error, { subject, headers }) => {
        if (error !== null || headers?.code !== noResponders) return;
        const asking = this.#requests.get(subject.slice(this.#inbox.length + 1));
        if (asking !== undefined) asking.routed = false;
      },
    });
    connection.listen({
      lost: () => undefined,
      restored: () => undefined,
      publishForbidden: (subject, error) => this.#forbidden(subject, error),
    });
  }

  /** Confirmed once the server took it from the socket, or the socket from us. Throws what `Outgoing` does. */
  post(record: OutboundRecord, subject: string, outcome: PublishOutcome, signal?: AbortSignal): void {
    const { client, commands } = this.#connection;
    const outgoing = new Outgoing(record, subject, client.info?.max_payload, outcome);
    if (signal !== undefined) outgoing.abortWith(signal, () => undefined);
    try {
      const reply = record.replyTo === undefined ? undefined : this.#ask(outgoing);
      commands.publish(subject, record.body, outgoing.headers, reply);
    } catch (error) {
      this.#requests.delete(outgoing.token);
      return outgoing.reject(classify(error, { action: `Publishing to "${subject}"`, topic: record.topic }));
    }
    // In time for the same write: one of its own would keep this process from what the server sends at once.
    if (this.#together.push(outgoing) === 1) queueMicrotask(this.#flushSoon);
  }

  /** The reply subject of a request. */
  #ask(outgoing: Outgoing): string {
    outgoing.token = (++this.#count).toString(36);
    outgoing.routed = true;
    this.#requests.set(outgoing.token, outgoing);
    return `${this.#inbox}.${outgoing.token}`;
  }

  async #flush(): Promise<void> {
    const together = this.#together;
    this.#together = [];
    this.#underway.add(together);
    try {
      await this.#connection.commands.flush();
      // A refusal comes before the PONG, but by way of the client's status, which takes longer.
      await new Promise((resolve) => setImmediate(resolve));
    } catch {
      // The connection is lost; the socket had it. Whoever waits for an answer hears at once that none may come.
      for (const outgoing of together) if (outgoing.routed !== undefined) outgoing.reject(unknownOutcome(outgoing));
    }
    this.#underway.delete(together);
    for (const outgoing of together) {
      if (outgoing.routed !== undefined) this.#requests.delete(outgoing.token);
      outgoing.resolve();
    }
    // Old by now, the list would keep what it points to alive until a whole collection.
    together.length = 0;
  }

  #forbidden(subject: string, error: Error): void {
    for (const together of [...this.#underway, this.#together]) {
      for (const outgoing of together) {
        if (outgoing.subject !== subject) continue;
        outgoing.reject(classify(error, { action: `Publishing to "${subject}"`, topic: outgoing.record.topic }));
      }
    }
  }
}
