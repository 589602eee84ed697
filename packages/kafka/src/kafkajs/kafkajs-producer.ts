import { Partitioners } from "kafkajs";
import type { CompressionTypes, ICustomPartitioner, Message, PartitionerArgs, Producer } from "kafkajs";
import { atMost } from "@busbar/core/driver";
import type { ClientMessage, ClientPosition, ClientProducer, ProducerOptions } from "../client.ts";
import { NeverSent } from "../never-sent.ts";
import { prepareCompression } from "../compression.ts";
import type { KafkaSettings, NativeSettings } from "../options.ts";
import { compressionTypes } from "./compression-types.ts";
import { connectOver } from "./connect-over.ts";
import { eachBrokerOnce, kafkaOf } from "./kafkajs-config.ts";
import { Line } from "./line.ts";

/** kafkajs hands its partitioner the very message it was given, so the choice can be noted there. */
interface Placed extends Message {
  placedAt?: number;
}

/** A kafkajs producer that never sends a second time by itself. */
export class KafkajsProducer implements ClientProducer {
  readonly #producer: Producer;
  readonly #line: Line;
  readonly #acks: -1 | 0;
  readonly #timeout: number;
  readonly #compression: CompressionTypes;

  private constructor(producer: Producer, line: Line, acks: -1 | 0, { requestTimeoutMs, compression }: NativeSettings) {
    this.#producer = producer;
    this.#line = line;
    this.#acks = acks;
    this.#timeout = requestTimeoutMs;
    this.#compression = compressionTypes[compression];
  }

  /** Connects to one of the brokers; nothing is left open when that fails. */
  static async connect(settings: KafkaSettings, { acks, onLost, signal }: ProducerOptions): Promise<KafkajsProducer> {
    await prepareCompression(settings.native.compression);
    const line = new Line(onLost);
    const producer = kafkaOf(settings, eachBrokerOnce(settings), line).producer({
      createPartitioner: notingPartitioner,
      allowAutoTopicCreation: false,
      // A second try of kafkajs would hide that the outcome of the first is unknown, and let later records overtake.
      retry: { retries: 0 },
    });
    producer.on("producer.network.request_timeout", () => line.lose(new Error("a request was not answered in time")));
    await connectOver(line, [producer], settings, { signal });
    return new KafkajsProducer(producer, line, acks, settings.native);
  }

  async send(topic: string, messages: readonly ClientMessage[]): Promise<readonly ClientPosition[]> {
    const placed = messages.map(({ key, value, headers, timestamp }): Placed => ({
      key,
      value,
      headers,
      timestamp: String(timestamp),
    }));
    const sending = this.#producer.sendBatch({
      acks: this.#acks,
      timeout: this.#timeout,
      compression: this.#compression,
      topicMessages: [{ topic, messages: placed }],
    });
    const written = await sending.catch((error: unknown) => {
      // It chooses the partitions of all records before it sends one.
      throw placed[0]?.placedAt === undefined ? new NeverSent(error) : error;
    });
    const next = new Map(written.map(({ partition, baseOffset = "-1" }) => [partition, Number(baseOffset)]));
    return this.#acks === 0
      ? []
      : placed.map(({ placedAt = 0 }) => {
          const offset = next.get(placedAt) ?? -1;
          next.set(placedAt, offset + 1);
          return { partition: placedAt, offset };
        });
  }

  close(graceMs = 0): void {
    if (graceMs === 0) this.#line.cut();
    void atMost(graceMs, this.#producer.disconnect()).then(() => this.#line.cut());
  }
}

/** Kafka's own choice (murmur2 of the key, as in Java). */
export const javaPartitioner: ICustomPartitioner = Partitioners.DefaultPartitioner;

/** The same, noted on the message. */
const notingPartitioner: ICustomPartitioner = () => {
  const choose = javaPartitioner();
  return (args: PartitionerArgs) => {
    const partition = choose(args);
    (args.message as Placed).placedAt = partition;
    return partition;
  };
};
