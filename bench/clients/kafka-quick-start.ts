import kafkajs from "kafkajs";
import type { Consumer, Kafka, Producer } from "kafkajs";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { joined, kafkaAt, makeTopics, recordOf, removeTopics } from "./kafka-connect.ts";
import { limited } from "./limited.ts";
import type { Payload } from "../payload.ts";

/** kafkajs as its README shows it: `send` awaited, `eachMessage`, everything else as it comes. */
class KafkaQuickStart implements Client {
  readonly window = 1;
  readonly #setting: Setting;
  readonly #kafka: Kafka;
  readonly #producer: Producer;
  readonly #consumers: Consumer[] = [];
  readonly #topics = new Set<string>();

  constructor(setting: Setting, kafka: Kafka, producer: Producer) {
    this.#setting = setting;
    this.#kafka = kafka;
    this.#producer = producer;
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    this.#producer
      .send({ topic, messages: [recordOf(JSON.stringify(payload), key)] })
      .then(() => confirmed(), confirmed);
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    this.#topics.add(topic);
    await makeTopics(this.#kafka, [topic]);
    const run = limited(this.#setting.concurrency, handle);
    const consumer = this.#kafka.consumer({ groupId: this.#setting.name });
    this.#consumers.push(consumer);
    const isMember = joined(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) =>
        new Promise<void>((resolve) => {
          run(JSON.parse(String(message.value)) as Payload, undefined, () => resolve());
        }),
    });
    await isMember;
    return { stop: () => consumer.disconnect() };
  }

  async close(): Promise<void> {
    for (const consumer of this.#consumers) await consumer.disconnect();
    await this.#producer.disconnect();
    await removeTopics(this.#kafka, [...this.#topics], [this.#setting.name]);
  }
}

export const openKafkaQuickStart: OpenClient = async (setting) => {
  const kafka = kafkaAt(setting.url);
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  return new KafkaQuickStart(setting, kafka, producer);
};
