import type {
  AbortOptions,
  Broker,
  BrokerStatus,
  Delivery,
  EffectiveCapabilities,
  LagProbe,
  OutboundRecord,
  PublishOutcome,
  Receipt,
  SubscribeRequest,
  Subscriber,
} from "@busbar/core/contract";
import {
  abortable,
  atMost,
  ClosedError,
  ConnectionError,
  InvalidArgumentError,
  promised,
  StatusHub,
} from "@busbar/core/driver";
import type { ChannelModel } from "amqplib";
import { AmqpSubscriber } from "./amqp-subscriber.ts";
import { amqpCapabilities } from "./capabilities.ts";
import type { AmqpCapabilities } from "./capabilities.ts";
import { Connection } from "./connection.ts";
import { AmqpDeadLetters } from "./dead-letters.ts";
import { isForReplies } from "./direct-replies.ts";
import { amqpSettings } from "./options.ts";
import type { AmqpOptions, AmqpSettings } from "./options.ts";
import { Publisher } from "./publisher.ts";
import { waitingIn } from "./topology.ts";

/** How long `close` waits for publishes that are not confirmed yet, in milliseconds. */
const confirmGraceMs = 3000;

/** What there is between `open` and `close`. Publishing and consuming have a connection each: a broker that blocks a publisher must not block acknowledgements. */
interface Open {
  readonly publishing: Connection;
  readonly consuming: Connection;
  readonly publisher: Publisher;
}

/** What `bus.native()` gives on RabbitMQ: the connection of amqplib that publishes, until it is lost. Open channels of your own on it. */
export type AmqpNativeClient = ChannelModel;

/**
 * RabbitMQ as a driver of the bus, over AMQP 0-9-1. The constructor throws a `ConfigError` for options that are wrong, before any I/O;
 * the options are not changed. How each promise of `Broker` is kept: `docs/brokers/amqp.md`.
 */
export class AmqpBroker implements Broker<AmqpCapabilities, ChannelModel> {
  readonly name = "amqp";
  readonly declared: AmqpCapabilities = amqpCapabilities;
  readonly deadLetters: AmqpDeadLetters;
  readonly lag: LagProbe;
  readonly onStatus: (listener: (status: BrokerStatus) => void) => () => void;
  readonly #settings: AmqpSettings;
  readonly #statuses = new StatusHub();
  readonly #subscribers = new Set<AmqpSubscriber>();
  #open: Open | undefined;
  #opening: Promise<EffectiveCapabilities> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AmqpOptions) {
    this.#settings = amqpSettings(options);
    this.onStatus = this.#statuses.on;
    this.deadLetters = new AmqpDeadLetters({
      settings: this.#settings,
      connection: () => this.#opened().publishing,
      publisher: () => this.#opened().publisher,
    });
    this.lag = { lag: (subscription, { signal } = {}) => abortable(this.#lag(subscription), signal) };
  }

  /** The connection that publishes, as the client's own object. Throws before `open`, and while there is no connection. */
  get native(): AmqpNativeClient {
    const { link } = this.#opened().publishing;
    if (link === undefined)
      throw new ConnectionError("There is no connection to RabbitMQ at the moment.", { broker: "amqp" });
    return link.model;
  }

  async open({ signal }: AbortOptions = {}): Promise<EffectiveCapabilities> {
    if (this.#closing !== undefined) throw closed();
    signal?.throwIfAborted();
    this.#opening ??= this.#start(signal).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return abortable(this.#opening, signal);
  }

  publish(record: OutboundRecord, { signal }: AbortOptions = {}): Promise<Receipt> {
    return promised((outcome) => this.post(record, outcome), signal);
  }

  post(record: OutboundRecord, outcome: PublishOutcome): void {
    try {
      this.#opened().publisher.post(record, outcome);
    } catch (error) {
      outcome.refused(error as Error);
    }
  }

  async subscribe(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    const { consuming, publisher } = this.#opened();
    if (publisher.replies !== undefined && isForReplies(request)) return publisher.replies.subscribe(request, sink);
    const subscriber = new AmqpSubscriber(this.#settings, consuming, this.#statuses, request, sink, publisher, () =>
      this.#subscribers.delete(subscriber),
    );
    await consuming.open();
    this.#subscribers.add(subscriber);
    try {
      await subscriber.start();
    } catch (error) {
      await subscriber.close();
      throw this.#closing === undefined ? error : closed();
    }
    return subscriber;
  }

  /** Without subscribing: a queue that was made with other arguments cannot be subscribed to. */
  async forget(request: SubscribeRequest): Promise<void> {
    const { consuming, publisher } = this.#opened();
    await consuming.open();
    const nobody = (): void => undefined;
    await new AmqpSubscriber(this.#settings, consuming, this.#statuses, request, nobody, publisher, nobody).remove();
  }

  /**
   * Changes the password, such as a token that runs out: for the connections that are open, and for those to come. Rejects when the broker refuses it; what
   * it refused is not used again, but RabbitMQ may have closed the connection for it.
   *
   * @param reason For the broker's log.
   */
  async updateSecret(secret: string, reason: string = "renewed"): Promise<void> {
    const open = this.#opened();
    if (this.#settings.saslMechanism !== "plain" || typeof secret !== "string" || secret === "") {
      throw new InvalidArgumentError("updateSecret takes a password that is not empty, where there is a password.", {
        broker: "amqp",
      });
    }
    const former = this.#settings.password;
    this.#settings.password = secret;
    try {
      await Promise.all([open.publishing, open.consuming].map((connection) => connection.updateSecret(secret, reason)));
    } catch (error) {
      this.#settings.password = former;
      throw error;
    }
  }

  close({ signal }: AbortOptions = {}): Promise<void> {
    this.#closing ??= this.#close(signal);
    return this.#closing;
  }

  async #start(signal: AbortSignal | undefined): Promise<EffectiveCapabilities> {
    const publishing = new Connection(this.#settings, "publish", {
      onFlow: (blocked, reason) =>
        this.#statuses.emit({ type: "flow", blocked, ...(reason === undefined ? {} : { reason }) }),
    });
    const consuming = new Connection(this.#settings, "consume");
    const publisher = new Publisher(this.#settings, publishing, this.#statuses);
    try {
      await publishing.open({ ...(signal === undefined ? {} : { signal }) });
      const effective = await this.#answered(publisher.open(), signal);
      if (this.#closing !== undefined) throw closed();
      this.#open = { publishing, consuming, publisher };
      this.#statuses.emit({ type: "connected", effective });
      return effective;
    } catch (error) {
      publisher.end();
      await publishing.close();
      throw error;
    }
  }

  /** A server that has taken the connection may still say nothing more; heartbeats tell that much later than `connectTimeoutMs`. */
  async #answered<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    const { connectTimeoutMs } = this.#settings;
    if (await abortable(atMost(connectTimeoutMs, work), signal)) return work;
    throw new ConnectionError(`RabbitMQ took the connection and then said nothing for ${connectTimeoutMs} ms.`, {
      broker: "amqp",
    });
  }

  async #close(signal: AbortSignal | undefined): Promise<void> {
    const open = this.#open;
    await Promise.all([
      this.#closeConsuming(open),
      this.deadLetters.close(),
      this.#closePublishing(open, signal),
      this.#opening?.catch(() => undefined),
    ]);
  }

  async #closeConsuming(open: Open | undefined): Promise<void> {
    await Promise.all([...this.#subscribers].map((subscriber) => subscriber.close()));
    await open?.consuming.close();
  }

  async #closePublishing(open: Open | undefined, signal: AbortSignal | undefined): Promise<void> {
    if (open === undefined) return;
    const { publisher, publishing } = open;
    const confirmed = await abortable(atMost(confirmGraceMs, publisher.idle()), signal).catch(() => false);
    publisher.end();
    await publishing.close(confirmed ? undefined : 0);
  }

  async #lag(subscription: string): Promise<number | undefined> {
    const { link } = this.#opened().publishing;
    const there = [...this.#subscribers].find(({ name }) => name === subscription);
    // What lies in a stream is not what waits for somebody.
    if (link === undefined || there?.readsStream === true) return undefined;
    return waitingIn(link, there?.queue ?? subscription);
  }

  #opened(): Open {
    if (this.#closing !== undefined) throw closed();
    if (this.#open === undefined)
      throw new ConnectionError("This broker is not open; await open() first.", { broker: "amqp" });
    return this.#open;
  }
}

function closed(): ClosedError {
  return new ClosedError("This broker was closed.", { broker: "amqp" });
}
