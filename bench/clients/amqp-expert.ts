import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage } from "amqplib";
import { connectAmqp, corkedPerTurn, exchange, propertiesOf, queueOptions } from "./amqp-connect.ts";
import { credit, publishWindow } from "./client.ts";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { limited } from "./limited.ts";
import { oncePerTurn } from "./once-per-turn.ts";
import { contentType, decode, encode, newId } from "./same-wire.ts";
import type { Payload } from "../payload.ts";

const directReplies = "amq.rabbitmq.reply-to";

/**
 * amqplib as one writes it who has measured: a confirm channel with a window, one connection to publish and one to consume, one
 * acknowledgement for all that a turn of the event loop handled, frames of a turn in one system call.
 */
class AmqpExpert implements Client {
  readonly window = publishWindow;
  readonly #setting: Setting;
  readonly #publishing: ChannelModel;
  readonly #consuming: ChannelModel;
  readonly #confirming: ConfirmChannel;
  readonly #corkPublishing: () => void;
  readonly #queues = new Set<string>();
  readonly #readers = new Set<Reader>();
  #asking: Channel | undefined;
  readonly #asked = new Map<string, (error: unknown, answer?: Payload) => void>();

  constructor(setting: Setting, publishing: ChannelModel, consuming: ChannelModel, confirming: ConfirmChannel) {
    this.#setting = setting;
    this.#publishing = publishing;
    this.#consuming = consuming;
    this.#confirming = confirming;
    this.#corkPublishing = corkedPerTurn(publishing);
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    this.#corkPublishing();
    this.#confirming.publish(exchange, topic, encode(payload), propertiesOf(newId(), key, true), confirmed);
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    const queue = `${this.#setting.name}.${topic}`;
    this.#queues.add(queue);
    const channel = await this.#consuming.createChannel();
    await channel.assertQueue(queue, queueOptions);
    await channel.bindQueue(queue, exchange, topic);
    await channel.prefetch(credit);
    const cork = corkedPerTurn(this.#consuming);
    const unsettled = new Set<number>();
    let settled: number[] = [];
    const acknowledgeSoon = oncePerTurn(() => {
      const batch = settled;
      settled = [];
      const [oldest = Infinity] = unsettled;
      let upTo = 0;
      for (const tag of batch) if (tag < oldest && tag > upTo) upTo = tag;
      cork();
      if (upTo > 0) channel.ack(messageOf(upTo), true);
      for (const tag of batch) if (tag > oldest) channel.ack(messageOf(tag));
    });
    const settle = (tag: number): void => {
      unsettled.delete(tag);
      settled.push(tag);
      acknowledgeSoon();
    };
    const run = limited(this.#setting.concurrency, handle);
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message === null) throw new Error("The consumer was cancelled.");
      const { deliveryTag } = message.fields;
      unsettled.add(deliveryTag);
      run(decode(message.content), deliveryTag, settle);
    });
    const reader: Reader = {
      stop: async () => {
        this.#readers.delete(reader);
        await channel.cancel(consumerTag);
        // By its answer the broker has seen all acknowledgements, those too that handlers of this turn cause.
        await channel.prefetch(credit);
        await channel.prefetch(credit);
        await channel.close();
      },
    };
    this.#readers.add(reader);
    return reader;
  }

  async respond(topic: string, answer: (payload: Payload) => Payload): Promise<void> {
    const queue = `${this.#setting.name}.${topic}`;
    this.#queues.add(queue);
    const channel = await this.#consuming.createChannel();
    await channel.assertQueue(queue, queueOptions);
    await channel.bindQueue(queue, exchange, topic);
    await channel.prefetch(credit);
    const cork = corkedPerTurn(this.#consuming);
    await channel.consume(queue, (message) => {
      if (message === null) throw new Error("The consumer was cancelled.");
      const { replyTo = "", correlationId = "" } = message.properties as { replyTo?: string; correlationId?: string };
      cork();
      channel.publish("", replyTo, encode(answer(decode(message.content))), { contentType, correlationId });
      channel.ack(message);
    });
  }

  async prepareRequests(): Promise<void> {
    const channel = await this.#publishing.createChannel();
    await channel.consume(
      directReplies,
      (message) => {
        if (message === null) throw new Error("The consumer was cancelled.");
        const id = String(message.properties.correlationId);
        const answered = this.#asked.get(id);
        this.#asked.delete(id);
        answered?.(undefined, decode(message.content));
      },
      { noAck: true },
    );
    this.#asking = channel;
  }

  request(topic: string, payload: Payload, answered: (error: unknown, answer?: Payload) => void): void {
    const id = newId();
    this.#asked.set(id, answered);
    this.#corkPublishing();
    this.#asking?.publish(exchange, topic, encode(payload), {
      ...propertiesOf(id, undefined, false),
      replyTo: directReplies,
      correlationId: id,
    });
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) await reader.stop();
    await this.#consuming.close();
    const channel = await this.#publishing.createChannel();
    for (const queue of this.#queues) await channel.deleteQueue(queue);
    await this.#publishing.close();
  }
}

/** The client reads nothing but the tag. */
function messageOf(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage;
}

export const openAmqpExpert: OpenClient = async (setting) => {
  const publishing = await connectAmqp(setting.url);
  const consuming = await connectAmqp(setting.url);
  return new AmqpExpert(setting, publishing, consuming, await publishing.createConfirmChannel());
};
