import { classify, closedError } from "./classify.ts";
import type { ClientControl, KafkaClient } from "./client.ts";

/**
 * Questions to the cluster, over a connection that is made when the first one is asked and again after it was lost. Each
 * question is asked once: it rejects, classified and retryable, when the connection fails.
 */
export class Control {
  readonly #client: KafkaClient;
  #connection: Promise<ClientControl> | undefined;
  #closed = false;

  constructor(client: KafkaClient) {
    this.#client = client;
  }

  /** Asks. `doing` begins the message of the error, such as `Making the topic "a.b"`. */
  async ask<T>(doing: string, question: (control: ClientControl) => Promise<T>, topic?: string): Promise<T> {
    if (this.#closed) throw closedError("The broker");
    const connection = (this.#connection ??= this.#connect());
    try {
      return await question(await connection);
    } catch (error) {
      // kafkajs remembers topics that are gone, and fails for ever after: what failed once is not used again.
      this.#forget(connection);
      throw classify(error, { doing, topic });
    }
  }

  /** Like `ask`, for a question with many answers. */
  async *stream<T>(
    doing: string,
    question: (control: ClientControl) => AsyncIterable<T>,
    topic?: string,
  ): AsyncGenerator<T> {
    if (this.#closed) throw closedError("The broker");
    const connection = (this.#connection ??= this.#connect());
    try {
      yield* question(await connection);
    } catch (error) {
      this.#forget(connection);
      throw classify(error, { doing, topic });
    }
  }

  /** Lets go of the connection; the next question makes another. */
  drop(): void {
    if (this.#connection !== undefined) this.#forget(this.#connection);
  }

  close(): void {
    this.#closed = true;
    this.drop();
  }

  #connect(): Promise<ClientControl> {
    const connection: Promise<ClientControl> = this.#client.connectControl({ onLost: () => this.#forget(connection) });
    return connection;
  }

  #forget(connection: Promise<ClientControl>): void {
    if (this.#connection === connection) this.#connection = undefined;
    connection.then(
      (control) => control.close(),
      () => {},
    );
  }
}
