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
import { abortable, atMost, ClosedError, ConnectionError, promised, StatusHub } from "@busbar/core/driver";
import { redisCapabilities } from "./capabilities.ts";
import type { RedisCapabilities } from "./capabilities.ts";
import { classify } from "./classify.ts";
import { Connection } from "./connection.ts";
import { RedisDeadLetters } from "./dead-letters.ts";
import type { RedisClient } from "./link.ts";
import { redisSettings } from "./options.ts";
import type { RedisOptions, RedisSettings } from "./options.ts";
import { Publisher } from "./publisher.ts";
import { RedisSubscriber, removeSubscription } from "./redis-subscriber.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Keys } from "./topic.ts";

/** How long `close` waits for publishes that are not confirmed yet, in milliseconds. */
const confirmGraceMs = 3000;

/** What `bus.native()` gives on Redis: the client of @redis/client that publishes, until its connection is lost. */
export type RedisNativeClient = RedisClient;

/**
 * Redis Streams as a driver of the bus. The constructor throws a `ConfigError` for options that are wrong, before any I/O; the options
 * are not changed. How each promise of `Broker` is kept: `docs/brokers/redis.md`.
 */
export class RedisBroker implements Broker<RedisCapabilities, RedisClient> {
  readonly name = "redis";
  readonly declared: RedisCapabilities = redisCapabilities;
  readonly deadLetters: RedisDeadLetters;
  readonly lag: LagProbe;
  readonly onStatus: (listener: (status: BrokerStatus) => void) => () => void;
  readonly #settings: RedisSettings;
  readonly #keys: Keys;
  readonly #subscriptions: Subscriptions;
  readonly #statuses = new StatusHub();
  readonly #subscribers = new Set<RedisSubscriber>();
  readonly #connection: Connection;
  readonly #publisher: Publisher;
  #open = false;
  #opening: Promise<EffectiveCapabilities> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RedisOptions) {
    this.#settings = redisSettings(options);
    this.#keys = new Keys(this.#settings.prefix);
    this.#subscriptions = new Subscriptions(this.#keys);
    this.onStatus = this.#statuses.on;
    this.#connection = new Connection(this.#settings, this.#statuses);
    this.#publisher = new Publisher(this.#settings, this.#connection, this.#keys, this.#subscriptions);
    this.deadLetters = new RedisDeadLetters(() => this.#opened(), this.#keys);
    this.lag = { lag: (subscription, { signal } = {}) => abortable(this.#lag(subscription), signal) };
  }

  /** The connection that publishes, as the client's own object. Throws before `open`, and while there is no connection. */
  get native(): RedisNativeClient {
    return this.#opened().required("Handing out the client failed").client;
  }

  async open({ signal }: AbortOptions = {}): Promise<EffectiveCapabilities> {
    if (this.#closing !== undefined) throw closed();
    signal?.throwIfAborted();
    this.#opening ??= this.#start(signal).catch((error: unknown) => {
      this.#opening = undefined;
      throw this.#closing === undefined ? error : closed();
    });
    return abortable(this.#opening, signal);
  }

  publish(record: OutboundRecord, { signal }: AbortOptions = {}): Promise<Receipt> {
    return promised((outcome) => this.post(record, outcome), signal);
  }

  post(record: OutboundRecord, outcome: PublishOutcome): void {
    try {
      this.#opened();
      this.#publisher.post(record, outcome);
    } catch (error) {
      outcome.refused(error as Error);
    }
  }

  async subscribe(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    const connection = this.#opened();
    const subscriber = new RedisSubscriber({
      settings: this.#settings,
      keys: this.#keys,
      connection,
      subscriptions: this.#subscriptions,
      statuses: this.#statuses,
      request,
      sink,
      onClosed: () => this.#subscribers.delete(subscriber),
    });
    this.#subscribers.add(subscriber);
    try {
      await subscriber.start();
    } catch (error) {
      await subscriber.close();
      throw this.#closing === undefined ? error : closed();
    }
    return subscriber;
  }

  /** Without subscribing, which would claim what others have left. */
  async forget({ name, filter }: SubscribeRequest): Promise<void> {
    await removeSubscription(this.#opened(), this.#subscriptions, name, filter);
  }

  close({ signal }: AbortOptions = {}): Promise<void> {
    this.#closing ??= this.#close(signal);
    return this.#closing;
  }

  async #start(signal: AbortSignal | undefined): Promise<EffectiveCapabilities> {
    const effective = await this.#connection.open(signal);
    this.#open = true;
    this.#statuses.emit({ type: "connected", effective });
    return effective;
  }

  async #close(signal: AbortSignal | undefined): Promise<void> {
    if (this.#open) {
      const confirmed = abortable(atMost(confirmGraceMs, this.#publisher.idle()), signal).catch(() => false);
      await Promise.all([confirmed, ...[...this.#subscribers].map((subscriber) => subscriber.close())]);
    }
    this.#connection.close();
    await this.#opening?.catch(() => undefined);
  }

  async #lag(subscription: string): Promise<number | undefined> {
    const link = this.#opened().link;
    if (link === undefined) return undefined;
    return this.#subscriptions.lag(link, subscription).catch((error: unknown) => {
      throw classify(error, { what: `Asking for the lag of "${subscription}" failed` });
    });
  }

  #opened(): Connection {
    if (this.#closing !== undefined) throw closed();
    if (!this.#open) throw new ConnectionError("This broker is not open; await open() first.", { broker: "redis" });
    return this.#connection;
  }
}

function closed(): ClosedError {
  return new ClosedError("This broker was closed.", { broker: "redis" });
}
