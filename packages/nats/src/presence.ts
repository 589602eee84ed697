import { NoRespondersError, RequestError } from "@nats-io/nats-core";
import type { Subscription } from "@nats-io/nats-core";
import type { Connection } from "./connection.ts";

/** How long one that is there may take to say so, in milliseconds. */
const answerTimeoutMs = 1_000;

/**
 * Whether any process is there for a subscription, its own life from `announce` to `withdraw`. The server knows what a consumer has
 * delivered, but not to whom; it does say at once when nobody listens on a subject, and forgets whoever was killed.
 */
export class Presence {
  readonly #connection: Connection;
  readonly #subject: string;
  #subscription: Subscription | undefined;

  /** @param name The subscription's name, the same in all of its processes. */
  constructor(connection: Connection, name: string) {
    this.#connection = connection;
    this.#subject = `_busbar.present.${name}`;
  }

  /** Resolves to whether nobody is there for certain: `false` where it cannot be found out. To be asked before `announce`. Never rejects. */
  async isNobodyThere(): Promise<boolean> {
    const { client } = this.#connection;
    try {
      await this.#connection.ask("Asking who is there", () =>
        client.request(this.#subject, undefined, { timeout: answerTimeoutMs }),
      );
      return false;
    } catch (error) {
      return error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
    }
  }

  /** Answers from now on, over reconnects too. */
  announce(): void {
    this.#subscription ??= this.#connection.client.subscribe(this.#subject, {
      callback: (error, message) => void (error === null && message.respond()),
    });
  }

  /** Answers no more. */
  withdraw(): void {
    if (this.#subscription?.isClosed() === false) this.#subscription.unsubscribe();
    this.#subscription = undefined;
  }
}
