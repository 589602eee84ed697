import type { ClientProducer, KafkaClient } from "./client.ts";

/** What happens to the connection for records that nobody confirms. */
export interface UnconfirmedProducerOptions {
  readonly client: KafkaClient;
  readonly onLost: (error: Error) => void;
}

/**
 * The producer whose records nobody confirms, connected when the first of them is there, and anew after it was lost. It has a connection of its own,
 * since a broker closes that of an unconfirmed record that it refuses, which must not cost the confirmed ones theirs.
 */
export class UnconfirmedProducer {
  readonly #options: UnconfirmedProducerOptions;
  #producer: Promise<ClientProducer> | undefined;

  constructor(options: UnconfirmedProducerOptions) {
    this.#options = options;
  }

  /** Resolves to the producer as soon as it is connected. */
  connected(): Promise<ClientProducer> {
    if (this.#producer !== undefined) return this.#producer;
    const { client, onLost } = this.#options;
    const forget = (): boolean => {
      if (this.#producer !== connecting) return false;
      this.#producer = undefined;
      return true;
    };
    const connecting = client.connectProducer({
      acks: 0,
      onLost: (error) => {
        if (forget()) onLost(error);
      },
    });
    connecting.catch(forget);
    this.#producer = connecting;
    return connecting;
  }

  close(): void {
    this.#producer?.then(
      (producer) => producer.close(),
      () => {},
    );
    this.#producer = undefined;
  }
}
