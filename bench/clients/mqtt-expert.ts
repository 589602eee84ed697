import type { IClientOptions, MqttClient } from "mqtt";
import { credit, publishWindow } from "./client.ts";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { limited } from "./limited.ts";
import { connectMqtt, gatherWrites, metadataOf, mqttTopic } from "./mqtt-connect.ts";
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
  readonly #subscriberId: string;
  readonly #handlers = new Map<string, Handle>();
  readonly #sideClients: MqttClient[] = [];
  readonly #asked = new Map<string, (error: unknown, answer?: Payload) => void>();
  #subscriber: MqttClient | undefined;
  #requester: MqttClient | undefined;
  readonly #onDrain: (() => void)[] = [];

  constructor(setting: Setting, publisher: MqttClient) {
    this.#setting = setting;
    this.#subscriberId = `${setting.name}-subscriber`;
    this.#publisher = publisher;
    publisher.stream.on("drain", () => {
      for (const confirmed of this.#onDrain.splice(0)) confirmed();
    });
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    const qos = this.#setting.delivery === "at-least-once" ? 1 : 0;
    const properties = { contentType, userProperties: { "busbar-meta": metadataOf(newId(), key) } };
    if (qos === 1) {
      this.#publisher.publish(mqttTopic(topic), encode(payload), { qos, properties }, confirmed);
      return;
    }
    this.#publisher.publish(mqttTopic(topic), encode(payload), { qos, properties });
    if (this.#publisher.stream.writableNeedDrain) this.#onDrain.push(confirmed);
    else confirmed();
  }

  async subscribeIdle(topics: readonly string[], handle: Handle): Promise<void> {
    for (const topic of topics) this.#handlers.set(mqttTopic(topic), handle);
    await this.#subscribeTo(topics);
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    this.#handlers.set(mqttTopic(topic), handle);
    await this.#subscribeTo([topic]);
    return {
      stop: async () => {
        // The acknowledgements of this turn are written before the farewell.
        await new Promise((resolve) => setImmediate(resolve));
        await this.#subscriber?.endAsync();
        this.#subscriber = undefined;
      },
    };
  }

  async #subscribeTo(topics: readonly string[]): Promise<void> {
    const qos = this.#setting.delivery === "at-least-once" ? 1 : 0;
    this.#subscriber ??= await this.#connectSubscriber();
    const filters = topics.map((topic) => `$share/${this.#setting.name}/${mqttTopic(topic)}`);
    await this.#subscriber.subscribeAsync(filters, { qos });
  }

  /** One connection for all subscriptions, in a session that stays. */
  #connectSubscriber(): Promise<MqttClient> {
    const { url, delivery, concurrency } = this.#setting;
    const lossless = delivery === "at-least-once";
    const options = {
      clientId: this.#subscriberId,
      clean: !lossless,
      properties: { receiveMaximum: credit, ...(lossless ? { sessionExpiryInterval: 3600 } : {}) },
    };
    return connectAsExpert(url, options, (client) => {
      const send = client["_sendPacket"].bind(client);
      let acknowledgements: number[] = [];
      const acknowledgeSoon = oncePerTurn(() => {
        const batch = acknowledgements;
        acknowledgements = [];
        for (const messageId of batch) send({ cmd: "puback", messageId, reasonCode: 0 });
      });
      const acknowledge = (messageId: number): void => {
        acknowledgements.push(messageId);
        acknowledgeSoon();
      };
      const settle = lossless ? acknowledge : () => undefined;
      const runs = new Map([...this.#handlers].map(([topic, handle]) => [topic, limited(concurrency, handle)]));
      client.handleMessage = (packet, done) => {
        let run = runs.get(packet.topic);
        if (run === undefined) {
          run = limited(concurrency, this.#handlers.get(packet.topic) ?? unexpected);
          runs.set(packet.topic, run);
        }
        run(decode(packet.payload as Buffer), packet.messageId ?? 0, settle);
        done(notYet);
      };
    });
  }

  async respond(topic: string, answer: (payload: Payload) => Payload): Promise<void> {
    const client = await this.#sideClient();
    client.handleMessage = (packet, done) => {
      const { responseTopic, correlationData } = packet.properties ?? {};
      if (responseTopic !== undefined && correlationData !== undefined) {
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
    this.#requester = client;
  }

  request(topic: string, payload: Payload, answered: (error: unknown, answer?: Payload) => void): void {
    if (this.#requester === undefined) return answered(new Error("prepareRequests comes first"));
    const id = newId();
    this.#asked.set(id, answered);
    this.#requester.publish(mqttTopic(topic), encode(payload), {
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
    for (const client of [this.#subscriber, ...this.#sideClients, this.#publisher]) await client?.endAsync();
    if (this.#handlers.size > 0) await forgetSession(this.#setting.url, this.#subscriberId);
  }

  async #sideClient(): Promise<MqttClient> {
    const { url, name } = this.#setting;
    const client = await connectAsExpert(url, { clientId: `${name}-side-${this.#sideClients.length}`, clean: true });
    this.#sideClients.push(client);
    return client;
  }
}

function unexpected(): never {
  throw new Error("A message came to a topic that nobody subscribed to.");
}

/** A connection that begins anew and keeps nothing ends the session of before. */
async function forgetSession(url: string, clientId: string): Promise<void> {
  const client = await connectMqtt(url, { clientId, clean: true });
  await client.endAsync();
}

/** Without the log, which costs a twentieth also when it is off. */
async function connectAsExpert(
  url: string,
  options: IClientOptions,
  prepare?: (client: MqttClient) => void,
): Promise<MqttClient> {
  const client = await connectMqtt(url, { ...options, log: () => undefined }, prepare);
  gatherWrites(client);
  return client;
}

export const openMqttExpert: OpenClient = async (setting) => {
  const publisher = await connectAsExpert(setting.url, { clientId: `${setting.name}-publisher`, clean: true });
  return new MqttExpert(setting, publisher);
};
