import type { Subscription } from "@nats-io/nats-core";
import type { BrokerStatus, Delivery, SubscribeRequest, Subscriber } from "@busbar/core/contract";
import { HandOut, oncePerTurn } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { beginsWithWildcard } from "./streams.ts";
import { messageToRecord } from "./to-record.ts";
import { filterToPattern, isPrivateSubject } from "./topic.ts";
import { ArrivedMessage } from "./wire-message.ts";

/** What a subscription over core NATS is made with. */
export interface CoreSubscriberOptions {
  readonly connection: Connection;
  readonly inboxPrefix: string;
  readonly request: SubscribeRequest;
  readonly sink: (delivery: Delivery) => void;
  readonly report: (status: BrokerStatus) => void;
  readonly ended: () => void;
}

/**
 * A subscription over core NATS, which sends whatever comes and cannot be held back: what has no room is dropped, the
 * oldest first, and counted. Nothing here belongs to a connection, so nothing becomes stale; what comes while there is none
 * is gone.
 */
export class CoreSubscriber implements Subscriber {
  readonly #options: CoreSubscriberOptions;
  readonly #handOut: HandOut;
  #subscription: Subscription | undefined;
  #unlisten: () => void = () => undefined;
  #dropped = 0;
  #closed = false;
  readonly #reportDropped = oncePerTurn(() => {
    const count = this.#dropped;
    this.#dropped = 0;
    this.#report({ type: "dropped", name: this.#options.request.name, count });
  });

  constructor(options: CoreSubscriberOptions) {
    this.#options = options;
    this.#handOut = new HandOut({
      credit: options.request.maxInFlight,
      sink: options.sink,
      overflow: "drop-oldest",
      onDrop: (count) => {
        this.#dropped += count;
        this.#reportDropped();
      },
    });
  }

  /** Resolves once the server knows of the subscription; rejects when it is not allowed. */
  async start(): Promise<void> {
    const { connection, inboxPrefix, request } = this.#options;
    const pattern = filterToPattern(request.filter);
    const wide = beginsWithWildcard(pattern);
    let forbidden: Error | undefined;
    this.#subscription = connection.client.subscribe(pattern, {
      // Members share by the subscription's name, not the group's: the server shares over all subjects of a queue name.
      ...(request.group === undefined ? {} : { queue: request.name }),
      callback: (error, message) => {
        if (error !== null) {
          forbidden = error;
          this.#onForbidden(error);
          return;
        }
        const arrived = new ArrivedMessage(message);
        if (!(wide && isPrivateSubject(arrived.subject, inboxPrefix))) this.#arrived(arrived);
      },
    });
    const action = `Subscribing to "${request.filter}"`;
    try {
      await connection.ask(action, () => connection.commands.flush());
    } catch (error) {
      this.#unsubscribe();
      throw classify(error, { action, topic: request.filter });
    }
    if (forbidden !== undefined) throw classify(forbidden, { action, topic: request.filter });
    const { name } = request;
    this.#unlisten = connection.listen({
      lost: () => this.#report({ type: "subscription", name, connected: false }),
      restored: () => this.#report({ type: "subscription", name, connected: true }),
    });
  }

  tick(): void {
    // Nothing here depends on time.
  }

  stop(): Promise<void> {
    this.#unsubscribe();
    this.#handOut.stop();
    return Promise.resolve();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.stop();
    this.#handOut.endGeneration();
    this.#unlisten();
    this.#options.ended();
  }

  pause(): void {
    this.#handOut.pause();
  }

  resume(): void {
    this.#handOut.resume();
  }

  remove(): Promise<void> {
    return this.close();
  }

  #arrived(message: ArrivedMessage): void {
    this.#handOut.offer({ record: messageToRecord(message), redelivered: false, settle: () => undefined });
  }

  #onForbidden(cause: Error): void {
    const { request } = this.#options;
    const error = classify(cause, { action: `Subscribing to "${request.filter}"`, topic: request.filter });
    if (!this.#closed) this.#report({ type: "fatal", error, name: request.name });
  }

  #unsubscribe(): void {
    if (this.#subscription?.isClosed() === false) this.#subscription.unsubscribe();
    this.#subscription = undefined;
  }

  #report(status: BrokerStatus): void {
    this.#options.report(status);
  }
}
