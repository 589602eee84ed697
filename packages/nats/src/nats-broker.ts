import type { NatsConnection } from "@nats-io/nats-core";
import type {
  AbortOptions,
  AdapterOptions,
  Broker,
  BrokerStatus,
  DeadLetterStore,
  Delivery,
  EffectiveCapabilities,
  LagProbe,
  OutboundRecord,
  PublishOutcome,
  Receipt,
  SubscribeRequest,
  Subscriber,
} from "@busbar/core/contract";
import { ClosedError, promised, StatusHub, UnsupportedError } from "@busbar/core/driver";
import { natsCapabilities } from "./capabilities.ts";
import { natsSettings } from "./options.ts";
import type { NatsNativeOptions, NatsSettings } from "./options.ts";
import { Session } from "./session.ts";
import { percentEncode } from "./header-lines.ts";
import { topicToSubject } from "./topic.ts";

/** What `bus.native()` gives on NATS: the client's connection, the same over reconnects. */
export type NatsNativeClient = NatsConnection;

/**
 * The driver for NATS: JetStream for at-least-once, core NATS for at-most-once, both over one connection.
 *
 * Publishing and consuming share it, because NATS blocks neither for the other: there is no flow control on a connection, and
 * what comes in is bounded by the credit of each subscription.
 */
export class NatsBroker implements Broker<typeof natsCapabilities, NatsConnection> {
  readonly name = "nats";
  readonly declared: typeof natsCapabilities = natsCapabilities;
  readonly deadLetters: DeadLetterStore;
  readonly lag: LagProbe;
  readonly #settings: NatsSettings;
  readonly #status = new StatusHub();
  #session: Session | undefined;
  #opening: Promise<EffectiveCapabilities> | undefined;

  /** Throws a `ConfigError` with every problem of the options. Connects to nothing yet. */
  constructor(options: AdapterOptions<NatsNativeOptions | Readonly<Record<string, unknown>>>) {
    this.#settings = natsSettings(options);
    this.deadLetters = {
      put: async (group, slot, record, abort) => this.#open().deadLetters.put(group, slot, record, abort),
      list: (group, abort) => this.#open().deadLetters.list(group, abort),
      remove: async (group, handles, abort) => this.#open().deadLetters.remove(group, handles, abort),
    };
    this.lag = { lag: async (subscription) => this.#open().lag(subscription) };
  }

  /** The client's connection. Throws a `ClosedError` before `open`. */
  get native(): NatsNativeClient {
    return this.#open().connection.client;
  }

  onStatus(listener: (status: BrokerStatus) => void): () => void {
    return this.#status.on(listener);
  }

  open(options: AbortOptions = {}): Promise<EffectiveCapabilities> {
    if (this.#session !== undefined) return Promise.resolve(this.#session.effective);
    this.#opening ??= this.#connect(options).finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  publish(record: OutboundRecord, { signal }: AbortOptions = {}): Promise<Receipt> {
    return promised((outcome) => this.#post(record, outcome, signal));
  }

  post(record: OutboundRecord, outcome: PublishOutcome): void {
    this.#post(record, outcome);
  }

  #post(record: OutboundRecord, outcome: PublishOutcome, signal?: AbortSignal): void {
    try {
      signal?.throwIfAborted();
      const { connection, effective, streamPublisher, corePublisher } = this.#open();
      const subject = topicToSubject(record.address);
      // The client takes it without a socket too, and then drops it.
      if (!connection.connected) throw connection.absent(`Publishing to "${record.topic}"`);
      if (record.delayMs !== undefined || record.expiresInMs !== undefined) this.#assertTiming(effective, record);
      if (record.delivery === "at-most-once") return corePublisher.post(record, subject, outcome, signal);
      this.#assertJetStream(effective, "atLeastOnce", "publish", record.topic);
      streamPublisher.post(this.#settings.dedupeById ? knownById(record) : record, subject, outcome, signal);
    } catch (error) {
      outcome.refused(error as Error);
    }
  }

  async subscribe(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    const session = this.#open();
    const { connection, effective } = session;
    if (!connection.connected) throw connection.absent(`Subscribing to "${request.filter}"`);
    if (request.delivery === "at-most-once" && !request.durable) return session.subscribeCore(request, sink);
    this.#assertJetStream(effective, request.durable ? "durable" : "atLeastOnce", "subscribe", request.filter);
    return session.subscribeStream(request, sink);
  }

  /** Without subscribing, which would make a stream, and take a message from who may still read. */
  async forget(request: SubscribeRequest): Promise<void> {
    const session = this.#open();
    const { connection, effective } = session;
    if (!connection.connected) throw connection.absent(`Forgetting the subscription to "${request.filter}"`);
    this.#assertJetStream(effective, "durable", "subscribe", request.filter);
    await session.forget(request);
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  async #connect({ signal }: AbortOptions): Promise<EffectiveCapabilities> {
    this.#session = await Session.open(this.#settings, (status) => this.#status.emit(status), signal);
    const { effective } = this.#session;
    this.#status.emit({ type: "connected", effective });
    return effective;
  }

  #assertJetStream(
    { supports }: EffectiveCapabilities,
    capability: "durable" | "atLeastOnce",
    call: "publish" | "subscribe",
    name: string,
  ): void {
    if (supports[capability] !== "unsupported") return;
    const subject = `${call}("${name}")`;
    const detail =
      "JetStream is not enabled for this account; enable it, or ask for at-most-once delivery that is not durable.";
    throw new UnsupportedError([{ capability, subject, detail }], { broker: this.name });
  }

  /** A server that does not know these headers would deliver the message at once, and for ever. */
  #assertTiming(
    { supports, version }: EffectiveCapabilities,
    { topic, delivery, delayMs, expiresInMs }: OutboundRecord,
  ): void {
    const needs = [];
    const subject = `publish("${topic}")`;
    if (expiresInMs !== undefined && supports.expiry === "unsupported") {
      const detail = `nats-server ${version} does not let messages expire, 2.11 and later do; leave expiresInMs out.`;
      needs.push({ capability: "expiry" as const, subject, detail });
    }
    if (delayMs !== undefined && (supports.delay === "unsupported" || delivery === "at-most-once")) {
      const detail =
        delivery === "at-most-once"
          ? "only a stream holds messages back; publish it at-least-once."
          : `nats-server ${version} does not hold messages back, 2.12 and later do in streams without native.maxBytes; leave delayMs out.`;
      needs.push({ capability: "delay" as const, subject, detail });
    }
    if (needs.length > 0) throw new UnsupportedError(needs, { broker: this.name });
  }

  #open(): Session {
    if (this.#session === undefined) throw new ClosedError("The broker is not open.", { broker: this.name });
    return this.#session;
  }
}

/** The record under a token that all of its id and topic have in common: a stream dedupes over all of its subjects. */
function knownById(record: OutboundRecord): OutboundRecord {
  return { ...record, publishToken: `${record.address}:${percentEncode(record.id)}` };
}
