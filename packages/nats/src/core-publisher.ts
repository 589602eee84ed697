import type { OutboundRecord, Receipt } from "@busbar/core/contract";
import { oncePerTurn } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { Outgoing } from "./outgoing.ts";

/**
 * Publishes at most once, over core NATS: nobody confirms. A PING behind everything of one turn of the event loop bounds what
 * is underway to a server that does not read, and lets it say first that a subject is forbidden. What was written when the
 * connection is lost counts as sent: sending it again would be twice.
 */
export class CorePublisher {
  readonly #connection: Connection;
  #turn = new Set<Outgoing>();
  readonly #underway = new Set<Set<Outgoing>>();
  readonly #flushSoon = oncePerTurn(() => void this.#flush());

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.listen({
      lost: () => undefined,
      restored: () => undefined,
      publishForbidden: (subject, error) => this.#forbidden(subject, error),
    });
  }

  /** Resolves once the server took it from the socket, or the socket from us. */
  publish(record: OutboundRecord, subject: string, signal?: AbortSignal): Promise<Receipt> {
    const { client } = this.#connection;
    const outgoing = new Outgoing(record, subject, client.info?.max_payload);
    if (signal !== undefined) outgoing.abortWith(signal, () => undefined);
    try {
      client.publish(subject, record.body, { headers: outgoing.headers });
    } catch (error) {
      outgoing.reject(classify(error, { action: `Publishing to "${subject}"`, topic: record.topic }));
      return outgoing.promise;
    }
    this.#turn.add(outgoing);
    this.#flushSoon();
    return outgoing.promise;
  }

  async #flush(): Promise<void> {
    const turn = this.#turn;
    this.#turn = new Set();
    this.#underway.add(turn);
    try {
      await this.#connection.client.flush();
      // A refusal comes before the PONG, but by way of the client's status, which takes longer.
      await new Promise((resolve) => setImmediate(resolve));
    } catch {
      // The connection is lost; the socket had it.
    }
    this.#underway.delete(turn);
    for (const outgoing of turn) outgoing.resolve();
  }

  #forbidden(subject: string, error: Error): void {
    for (const turn of [...this.#underway, this.#turn]) {
      for (const outgoing of turn) {
        if (outgoing.subject !== subject) continue;
        outgoing.reject(classify(error, { action: `Publishing to "${subject}"`, topic: outgoing.record.topic }));
      }
    }
  }
}
