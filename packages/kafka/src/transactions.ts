import { randomUUID } from "node:crypto";
import { InvalidArgumentError, RefusedError } from "@busbar/core/driver";
import type { BusError } from "@busbar/core/driver";
import { classify, closedError, isFenced } from "./classify.ts";
import type { ClientTransactions, KafkaClient, MessageOfTopic } from "./client.ts";
import { toMessage } from "./from-record.ts";
import { topicName } from "./topic.ts";

/** A message of a transaction: what `publish` takes, with its body in bytes. */
export interface TransactionMessage {
  /** A concrete bus topic. */
  readonly topic: string;
  readonly body: Uint8Array;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default "application/octet-stream" */
  readonly contentType?: string;
  /** @default a new one */
  readonly id?: string;
}

/** What transactions need. */
export interface TransactionsOptions {
  readonly client: KafkaClient;
  /** Resolves once the topic can be written to. */
  readonly prepare: (topic: string) => Promise<unknown>;
}

/** Writes transactions, one after the other, over a connection that is made for the first of them and anew after one that failed. */
export class Transactions {
  readonly #options: TransactionsOptions;
  #producer: Promise<ClientTransactions> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  /** Resolves once all of them are committed. Rejects, with none of them visible, or with an outcome that is unknown where it failed while it was committed. */
  write(messages: readonly TransactionMessage[]): Promise<void> {
    if (messages.length === 0)
      return Promise.reject(new InvalidArgumentError("A transaction needs a message at least.", { broker: "kafka" }));
    const records = messages.map(recordOf);
    const writing = this.#last.then(() => this.#write(records));
    this.#last = writing.catch(() => {});
    return writing;
  }

  /** Resolves once nothing is being written. */
  idle(): Promise<unknown> {
    return this.#last;
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async #write(records: readonly MessageOfTopic[]): Promise<void> {
    if (this.#closed) throw closedError("The broker");
    let isEnding = false;
    try {
      for (const topic of new Set(records.map(({ topic: name }) => name))) await this.#options.prepare(topic);
      const producer = await (this.#producer ??= this.#connect());
      await producer.write(records, () => {
        isEnding = true;
      });
    } catch (cause) {
      this.#drop();
      throw this.#errorOf(cause, isEnding);
    }
  }

  #errorOf(cause: unknown, isEnding: boolean): BusError {
    if (isFenced(cause))
      return new RefusedError(
        "Writing a transaction failed: another process writes under the same native.transactionalId, or this one took too long.",
        { broker: "kafka", cause },
      );
    return classify(cause, { doing: isEnding ? "Committing a transaction" : "Writing a transaction", sent: isEnding });
  }

  #connect(): Promise<ClientTransactions> {
    const connecting: Promise<ClientTransactions> = this.#options.client.connectTransactions({
      onLost: () => {
        if (this.#producer === connecting) this.#drop();
      },
    });
    return connecting;
  }

  #drop(): void {
    this.#producer?.then(
      (producer) => producer.close(),
      () => {},
    );
    this.#producer = undefined;
  }
}

function recordOf({ topic, body, key, headers = {}, contentType, id }: TransactionMessage): MessageOfTopic {
  const name = topicName(topic);
  const record = {
    address: topic,
    topic,
    body,
    headers,
    key,
    id: id ?? randomUUID(),
    contentType: contentType ?? "application/octet-stream",
    timestamp: Date.now(),
    delivery: "at-least-once",
    sending: 1,
    publishToken: "",
  } as const;
  return { topic: name, message: toMessage(record) };
}
