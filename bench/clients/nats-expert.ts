import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import type { JsMsg } from "@nats-io/jetstream";
import { createInbox } from "@nats-io/nats-core";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { credit, publishWindow } from "./client.ts";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { limited } from "./limited.ts";
import { fastHeaders, serverOf } from "./nats-wire.ts";
import { oncePerTurn } from "./once-per-turn.ts";
import { decode, encode, newId } from "./same-wire.ts";
import type { Payload } from "../payload.ts";

const decoder = new TextDecoder();
/** Making streams and consumers takes its time where there are many, and is never measured. */
const patient = { timeout: 30_000 };
/** nats-server ends a connection for which more than 64 MiB wait (`max_pending`): half of it may be asked for. */
const mostPendingBytes = 32 * 1024 * 1024;

/**
 * The NATS client as one writes it who has measured: for JetStream an inbox of its own for the answers to publishes, where `js.publish` would
 * take a timer and a promise race for each, a pull consumer by callback, acknowledgements once per turn of the event loop.
 */
class NatsExpert implements Client {
  readonly window = publishWindow;
  readonly #setting: Setting;
  readonly #publishing: NatsConnection;
  readonly #consuming: NatsConnection;
  readonly #inbox = createInbox();
  readonly #unanswered = new Map<string, Confirmed>();
  readonly #streams = new Set<string>();
  readonly #asked = new Map<string, (error: unknown, answer?: Payload) => void>();
  #count = 0;

  constructor(setting: Setting, publishing: NatsConnection, consuming: NatsConnection) {
    this.#setting = setting;
    this.#publishing = publishing;
    this.#consuming = consuming;
    publishing.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        const token = message.subject.slice(this.#inbox.length + 1);
        const confirmed = this.#unanswered.get(token);
        this.#unanswered.delete(token);
        if (error !== null) return confirmed?.(error);
        if (message.headers?.code === 503) return confirmed?.(new Error("no stream"));
        const answer = JSON.parse(decoder.decode(message.data)) as { error?: unknown; duplicate?: boolean };
        confirmed?.(answer.error ?? (answer.duplicate === true ? new Error("duplicate") : undefined));
      },
    });
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    const id = newId();
    if (this.#setting.delivery === "at-most-once") {
      this.#publishing.publish(topic, encode(payload), { headers: fastHeaders(id, key, undefined) });
      return confirmed();
    }
    const token = (++this.#count).toString(36);
    this.#unanswered.set(token, confirmed);
    this.#publishing.publish(topic, encode(payload), {
      reply: `${this.#inbox}.${token}`,
      headers: fastHeaders(id, key, id),
    });
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    const run = limited(this.#setting.concurrency, handle);
    if (this.#setting.delivery === "at-most-once") {
      const subscription = this.#consuming.subscribe(topic, {
        queue: this.#setting.name,
        callback: (error, message) => {
          if (error !== null) throw error;
          run(decode(message.data), undefined, () => undefined);
        },
      });
      await this.#consuming.flush();
      return { stop: () => subscription.drain() };
    }
    const stream = await this.#ensureStream(topic);
    const durable = topic.replaceAll(".", "_");
    const manager = await jetstreamManager(this.#consuming, patient);
    await manager.consumers.add(stream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      filter_subject: topic,
      max_ack_pending: 65_536,
    });
    const consumer = await jetstream(this.#consuming, patient).consumers.get(stream, durable);
    let handled: JsMsg[] = [];
    const acknowledgeSoon = oncePerTurn(() => {
      const batch = handled;
      handled = [];
      for (const message of batch) message.ack();
    });
    const settle = (message: JsMsg): void => {
      handled.push(message);
      acknowledgeSoon();
    };
    const messages = await consumer.consume({
      max_messages: Math.min(credit, Math.floor(mostPendingBytes / this.#setting.payloadBytes)),
      callback: (message) => run(decode(message.data), message, settle),
    });
    return {
      stop: async () => {
        await messages.close();
        for (const message of handled.splice(0)) message.ack();
        await this.#consuming.flush();
      },
    };
  }

  async respond(topic: string, answer: (payload: Payload) => Payload): Promise<void> {
    this.#consuming.subscribe(topic, {
      queue: this.#setting.name,
      callback: (error, message) => {
        if (error !== null) throw error;
        message.respond(encode(answer(decode(message.data))));
      },
    });
    await this.#consuming.flush();
  }

  async prepareRequests(): Promise<void> {
    this.#publishing.subscribe(`${this.#inbox}.answer.*`, {
      callback: (error, message) => {
        const token = message.subject.slice(this.#inbox.length + ".answer.".length);
        const answered = this.#asked.get(token);
        this.#asked.delete(token);
        if (error !== null || message.headers?.code === 503) return answered?.(error ?? new Error("no responder"));
        answered?.(undefined, decode(message.data));
      },
    });
    await this.#publishing.flush();
  }

  request(topic: string, payload: Payload, answered: (error: unknown, answer?: Payload) => void): void {
    const token = (++this.#count).toString(36);
    this.#asked.set(token, answered);
    this.#publishing.publish(topic, encode(payload), {
      reply: `${this.#inbox}.answer.${token}`,
      headers: fastHeaders(newId(), undefined, undefined),
    });
  }

  async close(): Promise<void> {
    const manager = this.#streams.size > 0 ? await jetstreamManager(this.#publishing, patient) : undefined;
    for (const stream of this.#streams) await manager?.streams.delete(stream);
    await this.#consuming.close();
    await this.#publishing.close();
  }

  /** A stream of its own for each first token, as the bus makes it. */
  async #ensureStream(topic: string): Promise<string> {
    const [first = topic] = topic.split(".");
    if (this.#streams.has(first)) return first;
    this.#streams.add(first);
    const manager = await jetstreamManager(this.#publishing, patient);
    await manager.streams.add({
      name: first,
      subjects: [first, `${first}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
    });
    return first;
  }
}

export const openNatsExpert: OpenClient = async (setting) => {
  const options = { servers: serverOf(setting.url), noAsyncTraces: true, reconnect: false };
  return new NatsExpert(setting, await connect(options), await connect(options));
};
