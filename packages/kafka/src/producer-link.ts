import { backoffDelayMs, pause, reconnectPolicy } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import type { ClientProducer, KafkaClient } from "./client.ts";

/** What happens to the connection that publishes. */
export interface ProducerLinkOptions {
  readonly client: KafkaClient;
  readonly onLost: (error: Error) => void;
  readonly onBack: () => void;
  /** It will not come back by itself. */
  readonly onFatal: (error: Error) => void;
}

/** The producer that confirms, kept connected: once by `open`, then again with backoff, for ever, until `close`. */
export class ProducerLink {
  readonly #options: ProducerLinkOptions;
  readonly #ending = new AbortController();
  #producer: ClientProducer | undefined;
  #supervised = false;

  constructor(options: ProducerLinkOptions) {
    this.#options = options;
  }

  /** The producer, while there is a connection. */
  get current(): ClientProducer | undefined {
    return this.#producer;
  }

  /** Connects, once. */
  async open(signal?: AbortSignal): Promise<void> {
    const producer = await this.#options.client.connectProducer({
      acks: -1,
      signal,
      onLost: (error) => this.#lost(producer, error),
    });
    if (this.#ending.signal.aborted) return producer.close();
    this.#producer = producer;
  }

  /** From now on a lost connection is made again. */
  supervise(): void {
    this.#supervised = true;
    if (this.#producer === undefined) void this.#reconnect();
  }

  /** Lets go of the producer; `open` may be called again. */
  drop(): void {
    this.#producer?.close();
    this.#producer = undefined;
  }

  close(): void {
    this.#ending.abort();
    this.drop();
  }

  #lost(producer: ClientProducer, error: Error): void {
    if (this.#producer !== producer || this.#ending.signal.aborted) return;
    this.#producer = undefined;
    producer.close();
    this.#options.onLost(error);
    if (this.#supervised) void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#ending;
    for (let attempt = 1; !signal.aborted; attempt++) {
      await pause(backoffDelayMs(attempt, reconnectPolicy), signal);
      if (signal.aborted) return;
      try {
        await this.open(signal);
        if (!signal.aborted) this.#options.onBack();
        return;
      } catch (cause) {
        const error = classify(cause, { doing: "Connecting to Kafka again" });
        if (error.retryable || signal.aborted) continue;
        return this.#options.onFatal(error);
      }
    }
  }
}
