import { Partitioners } from "kafkajs";
import type { Producer } from "kafkajs";
import type { ClientTransactions, ConnectOptions, MessageOfTopic } from "../client.ts";
import { prepareCompression } from "../compression.ts";
import { grouped } from "../grouped.ts";
import type { KafkaSettings } from "../options.ts";
import { compressionTypes } from "./compression-types.ts";
import { connectOver } from "./connect-over.ts";
import { kafkaOf, untilSettled } from "./kafkajs-config.ts";
import { Line } from "./line.ts";

/** A transactional kafkajs producer. It may try again by itself: inside of a transaction the brokers keep once what comes twice. */
export class KafkajsTransactions implements ClientTransactions {
  readonly #producer: Producer;
  readonly #line: Line;
  readonly #settings: KafkaSettings;

  private constructor(producer: Producer, line: Line, settings: KafkaSettings) {
    this.#producer = producer;
    this.#line = line;
    this.#settings = settings;
  }

  /** Connects to one of the brokers; nothing is left open when that fails. */
  static async connect(settings: KafkaSettings, options: ConnectOptions): Promise<KafkajsTransactions> {
    const { native } = settings;
    await prepareCompression(native.compression);
    const line = new Line(options.onLost);
    const producer = kafkaOf(settings, untilSettled, line).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      transactionalId: native.transactionalId ?? "",
      idempotent: true,
      maxInFlightRequests: 1,
      retry: { ...untilSettled },
    });
    producer.on("producer.network.request_timeout", line.late);
    await connectOver(line, [producer], settings, options);
    return new KafkajsTransactions(producer, line, settings);
  }

  async write(messages: readonly MessageOfTopic[], ending: () => void): Promise<void> {
    const { native } = this.#settings;
    const transaction = await this.#producer.transaction();
    const byTopic = grouped(messages, ({ topic }) => topic);
    try {
      await transaction.sendBatch({
        acks: -1,
        timeout: native.requestTimeoutMs,
        compression: compressionTypes[native.compression],
        topicMessages: Array.from(byTopic, ([topic, ofTopic]) => ({
          topic,
          messages: ofTopic.map(({ message }) => ({ ...message, timestamp: String(message.timestamp) })),
        })),
      });
    } catch (error) {
      // Who comes next under this id gives up what this one could not.
      await transaction.abort().catch(() => {});
      throw error;
    }
    ending();
    await transaction.commit();
  }

  close(): void {
    this.#line.cut();
    this.#producer.disconnect().catch(() => {});
  }
}
