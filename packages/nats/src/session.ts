import type {
  BrokerStatus,
  Delivery,
  EffectiveCapabilities,
  SubscribeRequest,
  Subscriber,
} from "@busbar/core/contract";
import { apiCodeOf, apiCodes } from "./classify.ts";
import { Connection } from "./connection.ts";
import { Consumers } from "./consumers.ts";
import { CorePublisher } from "./core-publisher.ts";
import { CoreSubscriber } from "./core-subscriber.ts";
import { StreamDeadLetters } from "./dead-letters.ts";
import type { NatsSettings } from "./options.ts";
import { StreamPublisher } from "./stream-publisher.ts";
import { deleteConsumers, StreamSubscriber } from "./stream-subscriber.ts";
import { Streams } from "./streams.ts";

/** How long `close` waits for publishes that are not answered, in milliseconds. */
const closeTimeoutMs = 2_000;
/** The longest between two looks at what time brings, in milliseconds. */
const longestTickMs = 1_000;

/** Everything that lives from `open` to `close`: the connection, what publishes over it, and the subscriptions. */
export class Session {
  readonly connection: Connection;
  readonly streamPublisher: StreamPublisher;
  readonly corePublisher: CorePublisher;
  readonly deadLetters: StreamDeadLetters;
  effective: EffectiveCapabilities;
  readonly #settings: NatsSettings;
  readonly #streams: Streams;
  readonly #consumers: Consumers;
  readonly #report: (status: BrokerStatus) => void;
  readonly #subscribers = new Set<StreamSubscriber | CoreSubscriber>();
  readonly #timer: NodeJS.Timeout;

  private constructor(
    connection: Connection,
    effective: EffectiveCapabilities,
    settings: NatsSettings,
    report: (status: BrokerStatus) => void,
  ) {
    this.connection = connection;
    this.effective = effective;
    this.#settings = settings;
    this.#report = report;
    this.#streams = new Streams(connection, settings, () => this.effective.supports);
    this.#consumers = new Consumers(connection, settings);
    this.streamPublisher = new StreamPublisher(connection, this.#streams, settings);
    this.corePublisher = new CorePublisher(connection, settings.inboxPrefix);
    this.deadLetters = new StreamDeadLetters(connection, this.#streams, this.streamPublisher);
    // One timer for all subscriptions, none for a message.
    this.#timer = setInterval(() => this.#tick(), Math.min(longestTickMs, settings.ackWaitMs / 4));
  }

  /** Connects, and rejects as `Broker.open` does. */
  static async open(
    settings: NatsSettings,
    report: (status: BrokerStatus) => void,
    signal?: AbortSignal,
  ): Promise<Session> {
    const opened: { session?: Session } = {};
    const { connection, effective } = await Connection.open(
      settings,
      {
        connected: (renewed) => {
          if (opened.session !== undefined) opened.session.effective = renewed;
          report({ type: "connected", effective: renewed });
        },
        disconnected: (error) => report({ type: "disconnected", error }),
        fatal: (error) => report({ type: "fatal", error }),
      },
      signal,
    );
    opened.session = new Session(connection, effective, settings, report);
    return opened.session;
  }

  /** Subscribes over JetStream; rejects as `Broker.subscribe` does. */
  async subscribeStream(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    const subscriber = new StreamSubscriber({
      connection: this.connection,
      settings: this.#settings,
      streams: this.#streams,
      consumers: this.#consumers,
      request,
      sink,
      report: this.#report,
      ended: () => this.#subscribers.delete(subscriber),
    });
    await subscriber.start();
    this.#subscribers.add(subscriber);
    return subscriber;
  }

  /** Deletes what JetStream keeps for a subscription. */
  forget(request: SubscribeRequest): Promise<void> {
    return deleteConsumers(this.#streams, this.#consumers, request);
  }

  /** Subscribes over core NATS; rejects as `Broker.subscribe` does. */
  async subscribeCore(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    const subscriber = new CoreSubscriber({
      connection: this.connection,
      inboxPrefix: this.#settings.inboxPrefix,
      request,
      sink,
      report: this.#report,
      ended: () => this.#subscribers.delete(subscriber),
    });
    await subscriber.start();
    this.#subscribers.add(subscriber);
    return subscriber;
  }

  /** How many messages wait for a subscription on all of its streams, also while nobody is subscribed. A stream that goes meanwhile has none. */
  async lag(subscription: string): Promise<number | undefined> {
    let waiting: number | undefined;
    for (const { name } of await this.#streams.intersecting(">")) {
      const info = await this.#consumers.find(name, subscription).catch((error: unknown) => {
        if (apiCodeOf(error) === apiCodes.streamNotFound) return undefined;
        throw error;
      });
      if (info !== undefined) waiting = (waiting ?? 0) + info.num_pending + info.num_ack_pending;
    }
    return waiting;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([
      this.streamPublisher.close(closeTimeoutMs),
      ...[...this.#subscribers].map((subscriber) => subscriber.close()),
    ]);
    await this.connection.close();
  }

  #tick(): void {
    const now = performance.now();
    this.streamPublisher.tick(now);
    for (const subscriber of this.#subscribers) subscriber.tick(now);
  }
}
