import type { MqttClient } from "mqtt";
import { credit, publishWindow } from "./client.ts";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { limited } from "./limited.ts";
import { connectMqtt, metadataOf, mqttTopic } from "./mqtt-connect.ts";
import { oncePerTurn } from "./once-per-turn.ts";
import { contentType, decode, encode, newId } from "./same-wire.ts";
import type { Payload } from "../payload.ts";

/** Given to mqtt.js in place of success, so that it goes on without acknowledging. */
const notYet = new Error("acknowledged later");

/**
 * mqtt.js as one writes it who has measured: windowed publishes, one connection to publish and one to subscribe, acknowledgements after the
 * handler and once per turn of the event loop, what is written in a turn in one system call, Nagle's algorithm off.
 */
class MqttExpert implements Client {
  readonly window = publishWindow;
  readonly #setting: Setting;
  readonly #publisher: MqttClient;
  readonly #subscribers: MqttClient[] = [];
  readonly #corkPublisher: () => void;
  readonly #onDrain: (() => void)[] = [];

  constructor(setting: Setting, publisher: MqttClient) {
    this.#setting = setting;
    this.#publisher = publisher;
    this.#corkPublisher = corkedPerTurn(publisher);
    publisher.stream.on("drain", () => {
      for (const confirmed of this.#onDrain.splice(0)) confirmed();
    });
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    const qos = this.#setting.delivery === "at-least-once" ? 1 : 0;
    const properties = { contentType, userProperties: { "busbar-meta": metadataOf(newId(), key) } };
    this.#corkPublisher();
    if (qos === 1) {
      this.#publisher.publish(mqttTopic(topic), encode(payload), { qos, properties }, confirmed);
      return;
    }
    this.#publisher.publish(mqttTopic(topic), encode(payload), { qos, properties });
    if (this.#publisher.stream.writableNeedDrain) this.#onDrain.push(confirmed);
    else confirmed();
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    const { url, name, delivery, concurrency } = this.#setting;
    const lossless = delivery === "at-least-once";
    const client = await connectMqtt(url, {
      clientId: `${name}-${this.#subscribers.length}`,
      clean: !lossless,
      properties: { receiveMaximum: credit, ...(lossless ? { sessionExpiryInterval: 3600 } : {}) },
    });
    this.#subscribers.push(client);
    const run = limited(concurrency, handle);
    const send = client["_sendPacket"].bind(client);
    let acknowledgements: number[] = [];
    const acknowledgeSoon = oncePerTurn(() => {
      const batch = acknowledgements;
      acknowledgements = [];
      client.stream.cork();
      for (const messageId of batch) send({ cmd: "puback", messageId, reasonCode: 0 });
      client.stream.uncork();
    });
    const acknowledge = (messageId: number): void => {
      acknowledgements.push(messageId);
      acknowledgeSoon();
    };
    client.handleMessage = (packet, done) => {
      run(decode(packet.payload as Buffer), packet.messageId ?? 0, lossless ? acknowledge : () => undefined);
      done(notYet);
    };
    await client.subscribeAsync(`$share/${name}/${mqttTopic(topic)}`, { qos: lossless ? 1 : 0 });
    return { stop: () => client.endAsync() };
  }

  async respond(topic: string, answer: (payload: Payload) => Payload): Promise<void> {
    const client = await this.#sideClient();
    const cork = corkedPerTurn(client);
    client.handleMessage = (packet, done) => {
      const { responseTopic, correlationData } = packet.properties ?? {};
      if (responseTopic !== undefined && correlationData !== undefined) {
        cork();
        const body = encode(answer(decode(packet.payload as Buffer)));
        client.publish(responseTopic, body, { qos: 0, properties: { contentType, correlationData } });
      }
      done();
    };
    await client.subscribeAsync(`$share/${this.#setting.name}/${mqttTopic(topic)}`, { qos: 0 });
  }

  async prepareRequests(): Promise<void> {
    if (this.#requester !== undefined) return;
    const client = await this.#sideClient();
    client.handleMessage = (packet, done) => {
      const id = packet.properties?.correlationData?.toString() ?? "";
      const answered = this.#asked.get(id);
      this.#asked.delete(id);
      answered?.(undefined, decode(packet.payload as Buffer));
      done();
    };
    await client.subscribeAsync(`${this.#setting.name}/replies`, { qos: 0 });
    this.#requester = { client, cork: corkedPerTurn(client) };
  }

  #requester: { readonly client: MqttClient; readonly cork: () => void } | undefined;
  readonly #asked = new Map<string, (error: unknown, answer?: Payload) => void>();

  request(topic: string, payload: Payload, answered: (error: unknown, answer?: Payload) => void): void {
    if (this.#requester === undefined) return answered(new Error("prepareRequests comes first"));
    const id = newId();
    this.#asked.set(id, answered);
    this.#requester.cork();
    this.#requester.client.publish(mqttTopic(topic), encode(payload), {
      qos: 0,
      properties: {
        contentType,
        responseTopic: `${this.#setting.name}/replies`,
        correlationData: Buffer.from(id),
        userProperties: { "busbar-meta": metadataOf(id, undefined) },
      },
    });
  }

  async close(): Promise<void> {
    for (const client of this.#subscribers) if (!client.disconnecting) await client.endAsync();
    await this.#publisher.endAsync();
    for (const client of this.#subscribers) await forgetSession(this.#setting.url, String(client.options.clientId));
  }

  async #sideClient(): Promise<MqttClient> {
    const { url, name } = this.#setting;
    const client = await connectMqtt(url, { clientId: `${name}-${this.#subscribers.length}`, clean: true });
    this.#subscribers.push(client);
    return client;
  }
}

/** A connection that begins anew and keeps nothing ends the session of before. */
async function forgetSession(url: string, clientId: string): Promise<void> {
  const client = await connectMqtt(url, { clientId, clean: true });
  await client.endAsync();
}

/** Returns what corks the socket until the end of the turn: mqtt.js writes each packet by itself. */
function corkedPerTurn(client: MqttClient): () => void {
  let corked = false;
  return () => {
    if (corked) return;
    corked = true;
    client.stream.cork();
    setImmediate(() => {
      corked = false;
      client.stream.uncork();
    });
  };
}

export const openMqttExpert: OpenClient = async (setting) => {
  const publisher = await connectMqtt(setting.url, { clientId: `${setting.name}-publisher`, clean: true });
  return new MqttExpert(setting, publisher);
};
