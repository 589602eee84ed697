import type { MqttClient } from "mqtt";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { limited } from "./limited.ts";
import { connectMqtt, metadataOf, mqttTopic } from "./mqtt-connect.ts";
import { contentType, newId } from "./same-wire.ts";
import type { Payload } from "../payload.ts";

/** mqtt.js as its README shows it: one client for everything, each publish awaited, each message acknowledged by itself. */
class MqttQuickStart implements Client {
  readonly window = 1;
  readonly #setting: Setting;
  readonly #client: MqttClient;

  constructor(setting: Setting, client: MqttClient) {
    this.#setting = setting;
    this.#client = client;
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    this.#client
      .publishAsync(mqttTopic(topic), JSON.stringify(payload), {
        qos: this.#qos,
        properties: { contentType, userProperties: { "busbar-meta": metadataOf(newId(), key) } },
      })
      .then(() => confirmed(), confirmed);
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    const run = limited(this.#setting.concurrency, handle);
    const filter = `$share/${this.#setting.name}/${mqttTopic(topic)}`;
    this.#client.on("message", (_topic, payload) => run(JSON.parse(payload.toString()) as Payload, 0, () => undefined));
    await this.#client.subscribeAsync(filter, { qos: this.#qos });
    return { stop: async () => void (await this.#client.unsubscribeAsync(filter)) };
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }

  get #qos(): 0 | 1 {
    return this.#setting.delivery === "at-least-once" ? 1 : 0;
  }
}

export const openMqttQuickStart: OpenClient = async (setting) =>
  new MqttQuickStart(setting, await connectMqtt(setting.url, { clientId: setting.name, clean: true }));
