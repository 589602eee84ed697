import { connect } from "node:net";
import type { Socket } from "node:net";
import kafkajs from "kafkajs";
import type { Consumer, Kafka, Message, Producer } from "kafkajs";
import { publishWindow } from "./client.ts";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { joined, kafkaAt, makeTopics, recordOf, removeTopics } from "./kafka-connect.ts";
import { limited } from "./limited.ts";
import { oncePerTurn } from "./once-per-turn.ts";
import { contentType, decode, encode, newId } from "./same-wire.ts";
import type { Payload } from "../payload.ts";

/** What one produce request holds at most: more records make it no faster, more bytes are refused. */
const maxRecords = 500;
const maxBytes = 512 * 1024;

/**
 * kafkajs as one writes it who has measured: it has no batching of its own, so the messages of one turn of the event loop go in one request, one
 * request of a topic at a time, or the order of a key would break when one of them fails. Whole batches are consumed, committed by interval.
 */
class KafkaExpert implements Client {
  readonly window = publishWindow;
  readonly #setting: Setting;
  readonly #kafka: Kafka;
  readonly #producer: Producer;
  readonly #consumers: Consumer[] = [];
  readonly #groups = new Set<string>();
  readonly #topics = new Set<string>();
  readonly #handlers = new Map<string, Handle>();
  readonly #batches = new Map<string, Batch>();
  readonly #asked = new Map<string, (error: unknown, answer?: Payload) => void>();

  constructor(setting: Setting, kafka: Kafka, producer: Producer) {
    this.#setting = setting;
    this.#kafka = kafka;
    this.#producer = producer;
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    this.#batch(topic, -1).add(recordOf(encode(payload), key), confirmed);
  }

  async subscribeIdle(topics: readonly string[], handle: Handle): Promise<void> {
    await this.#makeTopics(topics);
    for (const topic of topics) this.#handlers.set(topic, handle);
  }

  /** One consumer for this topic and those that were named before. */
  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    await this.#makeTopics([topic]);
    this.#handlers.set(topic, handle);
    const { name, concurrency } = this.#setting;
    const runs = new Map([...this.#handlers].map(([each, handler]) => [each, limited(concurrency, handler)]));
    const consumer = await this.#consumer(name);
    const isMember = joined(consumer);
    await consumer.subscribe({ topics: [...runs.keys()], fromBeginning: true });
    await consumer.run({
      autoCommitInterval: 1000,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary }) => {
        const run = runs.get(batch.topic);
        await new Promise<void>((resolve) => {
          let left = batch.messages.length;
          const done = (): void => {
            if (--left === 0) resolve();
          };
          for (const { value } of batch.messages) run?.(decode(value as Buffer), undefined, done);
        });
        resolveOffset(batch.lastOffset());
        await heartbeat();
        await commitOffsetsIfNecessary();
      },
    });
    await isMember;
    return { stop: () => consumer.disconnect() };
  }

  async respond(topic: string, answer: (payload: Payload) => Payload): Promise<void> {
    await this.#makeTopics([topic]);
    await this.#listen(`${this.#setting.name}.${topic}`, topic, ({ value, headers }) => {
      const replyTo = headers?.["reply-to"]?.toString() ?? "";
      const record = { value: encode(answer(decode(value as Buffer))), headers: answerHeaders(headers) };
      this.#batch(replyTo, 0).add(record, () => undefined);
    });
  }

  async prepareRequests(): Promise<void> {
    const replies = `${this.#setting.name}.replies`;
    await this.#makeTopics([replies]);
    await this.#listen(replies, replies, ({ value, headers }) => {
      const id = headers?.["correlation-id"]?.toString() ?? "";
      const answered = this.#asked.get(id);
      this.#asked.delete(id);
      answered?.(undefined, decode(value as Buffer));
    });
  }

  request(topic: string, payload: Payload, answered: (error: unknown, answer?: Payload) => void): void {
    const id = newId();
    this.#asked.set(id, answered);
    const record = {
      value: encode(payload),
      headers: {
        "content-type": contentType,
        "busbar-id": id,
        "correlation-id": id,
        "reply-to": `${this.#setting.name}.replies`,
      },
    };
    this.#batch(topic, 0).add(record, (error) => {
      if (error !== undefined) answered(error);
    });
  }

  async close(): Promise<void> {
    for (const consumer of this.#consumers) await consumer.disconnect();
    await this.#producer.disconnect();
    await removeTopics(this.#kafka, [...this.#topics], [...this.#groups]);
  }

  async #listen(groupId: string, topic: string, take: (message: Message) => void): Promise<void> {
    const consumer = await this.#consumer(groupId);
    const isMember = joined(consumer);
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommitInterval: 1000,
      eachBatch: async ({ batch }) => {
        for (const message of batch.messages) take(message);
      },
    });
    await isMember;
  }

  async #consumer(groupId: string): Promise<Consumer> {
    this.#groups.add(groupId);
    const consumer = this.#kafka.consumer({ groupId, maxWaitTimeInMs: 200, allowAutoTopicCreation: false });
    this.#consumers.push(consumer);
    await consumer.connect();
    return consumer;
  }

  async #makeTopics(topics: readonly string[]): Promise<void> {
    const missing = topics.filter((topic) => !this.#topics.has(topic));
    for (const topic of missing) this.#topics.add(topic);
    if (missing.length > 0) await makeTopics(this.#kafka, missing);
  }

  #batch(topic: string, acks: -1 | 0): Batch {
    let batch = this.#batches.get(topic);
    if (batch === undefined) {
      batch = new Batch((messages) => this.#producer.sendBatch({ acks, topicMessages: [{ topic, messages }] }));
      this.#batches.set(topic, batch);
    }
    return batch;
  }
}

function answerHeaders(headers: Message["headers"]): NonNullable<Message["headers"]> {
  return { "content-type": contentType, "busbar-id": newId(), "correlation-id": headers?.["correlation-id"] };
}

/** The messages of one topic that wait to be sent, and their one request. */
class Batch {
  readonly #send: (messages: Message[]) => Promise<unknown>;
  readonly #sendSoon = oncePerTurn(() => void this.#sendNow());
  #messages: Message[] = [];
  #confirmed: Confirmed[] = [];
  #busy = false;

  constructor(send: (messages: Message[]) => Promise<unknown>) {
    this.#send = send;
  }

  add(message: Message, confirmed: Confirmed): void {
    this.#messages.push(message);
    this.#confirmed.push(confirmed);
    this.#sendSoon();
  }

  async #sendNow(): Promise<void> {
    if (this.#busy || this.#messages.length === 0) return;
    this.#busy = true;
    const count = this.#fitting();
    const messages = this.#messages.splice(0, count);
    const confirmed = this.#confirmed.splice(0, count);
    let problem: unknown;
    try {
      await this.#send(messages);
    } catch (error) {
      problem = error;
    }
    this.#busy = false;
    for (const each of confirmed) each(problem);
    if (this.#messages.length > 0) this.#sendSoon();
  }

  #fitting(): number {
    let bytes = 0;
    let count = 0;
    for (const { value } of this.#messages) {
      bytes += value?.length ?? 0;
      if (count === maxRecords || (count > 0 && bytes > maxBytes)) break;
      count++;
    }
    return count;
  }
}

/** kafkajs leaves Nagle's algorithm on, which holds back the end of a request that is larger than a segment. */
function withoutNagle({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }): Socket {
  const socket = connect({ host, port }, onConnect);
  socket.setNoDelay(true);
  return socket;
}

export const openKafkaExpert: OpenClient = async (setting) => {
  const kafka = kafkaAt(setting.url, { socketFactory: withoutNagle });
  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  return new KafkaExpert(setting, kafka, producer);
};
