import Denque from "denque";
import type { ManualMessage } from "../delivery/message.ts";
import { rejected } from "../driver/rejected.ts";
import type { Subscription } from "./subscription.ts";

/** A message with its payload, to be settled by hand: `ack()`, `retryLater()` or `reject()`. */
export interface ReceivedMessage<Payload = unknown> {
  readonly payload: Payload;
  readonly message: ManualMessage;
}

type Result<Payload> = IteratorResult<ReceivedMessage<Payload>>;

/**
 * Messages one by one, for `for await`. Each has to be settled; with `concurrency: 1` the next comes only then. Leaving the loop, or
 * `close`, drains the subscription: what was not settled goes back to the broker.
 */
export class MessageStream<Payload = unknown> implements AsyncIterableIterator<ReceivedMessage<Payload>> {
  readonly #arrived = new Denque<ReceivedMessage<Payload>>();
  readonly #asking = new Denque<(result: Result<Payload> | Promise<Result<Payload>>) => void>();
  #subscription: Subscription | undefined;
  #ended = false;
  #failure: unknown;

  /** @internal */
  attach(subscription: Subscription): this {
    this.#subscription = subscription;
    return this;
  }

  /** @internal */
  push(received: ReceivedMessage<Payload>): void {
    const ask = this.#asking.shift();
    if (ask === undefined) this.#arrived.push(received);
    else ask({ done: false, value: received });
  }

  /** @internal The subscription is over: whoever asks gets the end, or the error with which it has failed. */
  end(failure?: unknown): void {
    this.#ended = true;
    this.#failure = failure;
    this.#arrived.clear();
    for (let ask = this.#asking.shift(); ask !== undefined; ask = this.#asking.shift()) ask(this.#over());
  }

  /** Resolves to the next message, or to the end once the subscription is closed. Rejects when it has failed for good, with what its broker said. */
  next(): Promise<Result<Payload>> {
    const received = this.#arrived.shift();
    if (received !== undefined) return Promise.resolve({ done: false, value: received });
    if (this.#ended) return this.#over();
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  #over(): Promise<Result<Payload>> {
    return this.#failure === undefined ? Promise.resolve({ done: true, value: undefined }) : rejected(this.#failure);
  }

  /** Ends the subscription without waiting for messages that nobody settled. */
  async return(): Promise<Result<Payload>> {
    await this.close({ deadlineMs: 0 });
    return { done: true, value: undefined };
  }

  /** Drains the subscription; the loop ends. */
  async close(options?: { readonly deadlineMs?: number }): Promise<void> {
    await this.#subscription?.close(options);
    this.end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
