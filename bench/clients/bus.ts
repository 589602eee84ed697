import { connect } from "@busbar/core";
import type { Bus, Subscription } from "@busbar/core";
import { credit, publishWindow } from "./client.ts";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { serverOf } from "./nats-wire.ts";
import type { Payload } from "../payload.ts";

const handlersAtOnce = 16;

/** The bus, as its documentation shows it, with the same bounds as the bare clients. */
class OnBus implements Client {
  readonly window = publishWindow;
  readonly #setting: Setting;
  readonly #bus: Bus;
  /** What was subscribed to, with the subscription while it runs. */
  readonly #topics = new Map<string, Subscription | undefined>();

  constructor(setting: Setting, bus: Bus) {
    this.#setting = setting;
    this.#bus = bus;
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    const { delivery } = this.#setting;
    this.#bus
      .publish(topic, payload, key === undefined ? { delivery } : { delivery, key })
      .then(() => confirmed(), confirmed);
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    const { name, delivery, concurrency } = this.#setting;
    const subscription = await this.#bus.subscribe<Payload>(
      topic,
      {
        group: name,
        durable: delivery === "at-least-once",
        delivery,
        concurrency: Number.isFinite(concurrency) ? concurrency : handlersAtOnce,
        maxInFlight: credit,
      },
      handle,
    );
    this.#topics.set(topic, subscription);
    return {
      stop: async () => {
        await subscription.close();
        this.#topics.set(topic, undefined);
      },
    };
  }

  async respond(topic: string, answer: (payload: Payload) => Payload): Promise<void> {
    await this.#bus.respond<Payload>(topic, { group: this.#setting.name, concurrency: publishWindow }, answer);
  }

  async prepareRequests(): Promise<void> {}

  request(topic: string, payload: Payload, answered: (error: unknown, answer?: Payload) => void): void {
    this.#bus.request<Payload>(topic, payload).then((answer) => answered(undefined, answer), answered);
  }

  async close(): Promise<void> {
    const { name, url } = this.#setting;
    for (const [topic, subscription] of this.#topics) {
      if (subscription === undefined) await this.#bus.forget({ group: name, filter: topic });
      else await subscription.remove();
    }
    await this.#bus.close();
    await removeWhatStays(url, [...this.#topics.keys()]);
  }
}

/** The bus never deletes streams and topics. */
async function removeWhatStays(url: string, topics: readonly string[]): Promise<void> {
  if (url.startsWith("kafka:")) {
    // Loaded late, so that no other measurement carries it along.
    const { kafkaAt, removeTopics } = await import("./kafka-connect.ts");
    await removeTopics(kafkaAt(url), topics, []);
  }
  if (url.startsWith("redis:")) {
    const { connectRedis, streamOf } = await import("./redis-connect.ts");
    const redis = await connectRedis(url);
    for (const topic of topics) await redis.sendCommand(["DEL", streamOf(topic)]);
    await redis.close();
  }
  if (url.startsWith("nats:")) {
    const { connect: connectNats } = await import("@nats-io/transport-node");
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const connection = await connectNats({ servers: serverOf(url) });
    const manager = await jetstreamManager(connection);
    for (const first of new Set(topics.map((topic) => topic.split(".")[0]))) {
      for await (const { config } of manager.streams.list(first)) await manager.streams.delete(config.name);
    }
    await connection.close();
  }
}

export const openBus: OpenClient = (setting) =>
  openBusWith(setting, setting.url.startsWith("amqp:") ? { queueType: "classic" } : {});

/** The bus on Kafka with the client that is not its usual one. */
export const openBusWithPlatformatic: OpenClient = (setting) => openBusWith(setting, { client: "platformatic" });

async function openBusWith(setting: Setting, native: Readonly<Record<string, unknown>>): Promise<Client> {
  const { url } = setting;
  const bus = await connect({
    service: "bench",
    instance: setting.name,
    brokers: { main: { url, publish: { maxInFlight: publishWindow }, native } },
    // The warnings are on the brokers' pages; errors are not expected.
    logger: { info: () => undefined, warn: () => undefined, error: (message) => console.error(message) },
  });
  return new OnBus(setting, bus);
}
