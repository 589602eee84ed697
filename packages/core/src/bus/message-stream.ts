import Denque from "denque";
import type { ManualMessage } from "../delivery/message.ts";
import type { Subscription } from "./subscription.ts";

/** A message with its payload, to be settled by hand: `ack()`, `retryLater()` or `reject()`. */
export interface ReceivedMessage<Payload = unknown> {
  readonly payload: Payload;
  readonly message: ManualMessage;
}

/**
 * Messages one by one, for `for await`. Each has to be settled; with `concurrency: 1` the next comes only then. Leaving the loop, or
 * `close`, drains the subscription: what was not settled goes back to the broker.
 */
export class MessageStream<Payload = unknown> implements AsyncIterableIterator<ReceivedMessage<Payload>> {
  readonly #arrived = new Denque<ReceivedMessage<Payload>>();
  readonly #asking = new Denque<(result: IteratorResult<ReceivedMessage<Payload>>) => void>();
  #subscription: Subscription | undefined;
  #ended = false;

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

  /** @internal The subscription is over: whoever asks gets the end. */
  end(): void {
    this.#ended = true;
    this.#arrived.clear();
    for (let ask = this.#asking.shift(); ask !== undefined; ask = this.#asking.shift())
      ask({ done: true, value: undefined });
  }

  /** Resolves to the next message, or to the end once the subscription is closed. */
  next(): Promise<IteratorResult<ReceivedMessage<Payload>>> {
    const received = this.#arrived.shift();
    if (received !== undefined) return Promise.resolve({ done: false, value: received });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  /** Ends the subscription without waiting for messages that nobody settled. */
  async return(): Promise<IteratorResult<ReceivedMessage<Payload>>> {
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
