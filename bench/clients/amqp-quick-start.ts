import type { ChannelModel, ConfirmChannel } from "amqplib";
import { connectAmqp, propertiesOf, queueOptions } from "./amqp-connect.ts";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { limited } from "./limited.ts";
import { newId } from "./same-wire.ts";
import type { Payload } from "../payload.ts";

/**
 * amqplib as its README shows it: `sendToQueue` on one channel, `consume` and `ack` on another. To have the guarantee that all others
 * have here, it waits for the confirm of each message.
 */
class AmqpQuickStart implements Client {
  readonly window = 1;
  readonly #setting: Setting;
  readonly #connection: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #queues = new Set<string>();

  constructor(setting: Setting, connection: ChannelModel, channel: ConfirmChannel) {
    this.#setting = setting;
    this.#connection = connection;
    this.#channel = channel;
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    this.#channel.sendToQueue(topic, Buffer.from(JSON.stringify(payload)), propertiesOf(newId(), key, true));
    this.#channel.waitForConfirms().then(() => confirmed(), confirmed);
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    const run = limited(this.#setting.concurrency, handle);
    const channel = await this.#connection.createChannel();
    await channel.assertQueue(topic, queueOptions);
    this.#queues.add(topic);
    await channel.consume(topic, (message) => {
      if (message !== null)
        run(JSON.parse(message.content.toString()) as Payload, message, (each) => channel.ack(each));
    });
    return { stop: () => channel.close() };
  }

  async close(): Promise<void> {
    for (const queue of this.#queues) await this.#channel.deleteQueue(queue);
    await this.#connection.close();
  }
}

export const openAmqpQuickStart: OpenClient = async (setting) => {
  const connection = await connectAmqp(setting.url);
  return new AmqpQuickStart(setting, connection, await connection.createConfirmChannel());
};
