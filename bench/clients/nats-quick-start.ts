import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers } from "@nats-io/nats-core";
import type { MsgHdrs, NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { limited } from "./limited.ts";
import { serverOf } from "./nats-wire.ts";
import { contentType, newId } from "./same-wire.ts";
import type { Payload } from "../payload.ts";

/** The NATS client as its README shows it: `js.publish` awaited, `for await` over `consume()`, `ack()` for each. */
class NatsQuickStart implements Client {
  readonly window = 1;
  readonly #setting: Setting;
  readonly #connection: NatsConnection;
  readonly #streams = new Set<string>();

  constructor(setting: Setting, connection: NatsConnection) {
    this.#setting = setting;
    this.#connection = connection;
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    const id = newId();
    const body = JSON.stringify(payload);
    if (this.#setting.delivery === "at-most-once") {
      this.#connection.publish(topic, body, { headers: headersOf(id, key) });
      return confirmed();
    }
    jetstream(this.#connection)
      .publish(topic, body, { msgID: id, headers: headersOf(id, key) })
      .then(() => confirmed(), confirmed);
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    const run = limited(this.#setting.concurrency, handle);
    if (this.#setting.delivery === "at-most-once") {
      const subscription = this.#connection.subscribe(topic, { queue: this.#setting.name });
      void (async () => {
        for await (const message of subscription) run(message.json<Payload>(), undefined, () => undefined);
      })();
      await this.#connection.flush();
      return { stop: () => subscription.drain() };
    }
    const [stream = topic] = topic.split(".");
    const manager = await jetstreamManager(this.#connection);
    this.#streams.add(stream);
    await manager.streams.add({ name: stream, subjects: [stream, `${stream}.>`] });
    await manager.consumers.add(stream, {
      durable_name: this.#setting.name,
      ack_policy: AckPolicy.Explicit,
      filter_subject: topic,
    });
    const consumer = await jetstream(this.#connection).consumers.get(stream, this.#setting.name);
    const messages = await consumer.consume();
    void (async () => {
      for await (const message of messages) run(message.json<Payload>(), message, (each) => each.ack());
    })();
    return { stop: async () => void (await messages.close()) };
  }

  async close(): Promise<void> {
    const manager = this.#streams.size > 0 ? await jetstreamManager(this.#connection) : undefined;
    for (const stream of this.#streams) await manager?.streams.delete(stream);
    await this.#connection.close();
  }
}

function headersOf(id: string, key: string | undefined): MsgHdrs {
  const made = headers();
  made.set("content-type", contentType);
  made.set("busbar-id", id);
  made.set("busbar-timestamp", String(Date.now()));
  if (key !== undefined) made.set("busbar-key", key);
  return made;
}

export const openNatsQuickStart: OpenClient = async (setting) =>
  new NatsQuickStart(setting, await connect({ servers: serverOf(setting.url), reconnect: false }));
