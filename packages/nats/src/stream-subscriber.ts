import type { BrokerStatus, Delivery, Outcome, SubscribeRequest, Subscriber } from "@busbar/core/contract";
import { atMost, backoffDelayMs, HandOut, reconnectPolicy } from "@busbar/core/driver";
import { Acknowledgement, Acknowledgements, inProgress } from "./acknowledgements.ts";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { ConsumerSet } from "./consumer-set.ts";
import type { Beginning, Consumers } from "./consumers.ts";
import type { DeliveryInfo } from "./delivery-info.ts";
import type { NatsSettings } from "./options.ts";
import { Presence } from "./presence.ts";
import type { StreamConsumer, StreamConsumerHost } from "./stream-consumer.ts";
import { beginsWithWildcard, deadLetterStream } from "./streams.ts";
import type { Streams } from "./streams.ts";
import { patternCovers } from "./subject-pattern.ts";
import { messageToRecord } from "./to-record.ts";
import { filterToPattern, isPrivateSubject } from "./topic.ts";
import { Entry, Unsettled } from "./unsettled.ts";
import type { Released } from "./unsettled.ts";
import type { ArrivedMessage } from "./wire-message.ts";

/** What a subscription over JetStream is made with. */
export interface StreamSubscriberOptions {
  readonly connection: Connection;
  readonly settings: NatsSettings;
  readonly streams: Streams;
  readonly consumers: Consumers;
  readonly request: SubscribeRequest;
  readonly sink: (delivery: Delivery) => void;
  readonly report: (status: BrokerStatus) => void;
  readonly ended: () => void;
}

/** How often streams that are new are looked for, in milliseconds, by a filter that begins with a wildcard. */
const discoverEveryMs = 5_000;
/** How long `close` waits for the last acknowledgements, in milliseconds. */
const closeTimeoutMs = 2_000;

/**
 * A subscription over JetStream: one pull consumer on each stream that its filter reaches into, all named after it, and one
 * credit over all of them. With `at-most-once` a message is acknowledged before it is handed out.
 *
 * Acknowledgements outlive a connection, so what is settled while there is none still counts. What is unsettled when the
 * connection is back becomes stale and is released at once, so that it comes again without waiting for `ack_wait`.
 */
export class StreamSubscriber implements Subscriber, StreamConsumerHost {
  readonly connection: Connection;
  readonly settings: NatsSettings;
  readonly consumers: Consumers;
  readonly request: SubscribeRequest;
  readonly pattern: string;
  readonly #options: StreamSubscriberOptions;
  readonly #handOut: HandOut<Entry>;
  readonly #acknowledgements: Acknowledgements;
  readonly #unsettled = new Unsettled();
  readonly #wide: boolean;
  readonly #consumers: ConsumerSet;
  readonly #presence: Presence;
  #known = false;
  #paused = false;
  #stopped = false;
  #stopping: Promise<void> | undefined;
  /** What arrived after `stop`. */
  #late: Released[] = [];
  /** What was unsettled when the connection was lost, and could not be released since. */
  #owed: Released[] = [];
  #closing: Promise<void> | undefined;
  #restarting = false;
  #restartAgain = false;
  #retryAt: number | undefined;
  #attempts = 0;
  #lostAt: number | undefined;
  #extendedAt = performance.now();
  #discoveredAt = performance.now();
  #unlisten: () => void = () => undefined;

  constructor(options: StreamSubscriberOptions) {
    this.#options = options;
    this.connection = options.connection;
    this.settings = options.settings;
    this.consumers = options.consumers;
    this.request = options.request;
    this.pattern = filterToPattern(options.request.filter);
    this.#wide = beginsWithWildcard(this.pattern);
    this.#consumers = new ConsumerSet(this, this.#wide);
    this.#handOut = new HandOut({
      credit: options.request.maxInFlight,
      sink: (delivery, entry) => this.#hand(delivery, entry),
    });
    this.#acknowledgements = new Acknowledgements(options.connection);
    this.#presence = new Presence(options.connection, options.request.name);
  }

  /**
   * Resolves once every consumer exists, so that whatever is published from now on is received. Where no other process is there for this
   * subscription, what was delivered and never settled was a dead one's, and comes before anything later.
   */
  async start(): Promise<void> {
    const { streams, request } = this.#options;
    const places = await streams.forSubscribing(this.pattern, request.filter);
    let beginning: Beginning = request.startFrom;
    if (this.#wide && request.durable && this.settings.topology === "create") {
      await streams.forDeadLetters();
      // What it was not there to see of a stream that is new, it has to be told from the start.
      if (await this.consumers.note(request.name)) beginning = "earliest";
    }
    const isHeir = isShared(request) && (await this.#presence.isNobodyThere());
    try {
      if (isShared(request)) this.#presence.announce();
      await this.#consumers.settleOn(places, beginning);
      if (isHeir) await Promise.all(Array.from(this.#consumers, (consumer) => consumer.inherit()));
      for (const consumer of this.#consumers) consumer.read();
    } catch (error) {
      for (const consumer of this.#consumers) consumer.mute();
      this.#presence.withdraw();
      // A client that was closed meanwhile throws, and does not reject.
      throw classify(error, { action: `Subscribing to "${request.filter}"`, topic: request.filter });
    }
    this.#known = true;
    this.#unlisten = this.connection.listen({ lost: () => this.#lost(), restored: () => void this.#restored() });
  }

  share(): number {
    return Math.max(1, Math.floor(this.request.maxInFlight / Math.max(1, this.#consumers.size)));
  }

  wants(): boolean {
    return !this.#paused && !this.#stopped;
  }

  arrived(consumer: StreamConsumer, message: ArrivedMessage, info: DeliveryInfo, again: boolean): void {
    const ackSubject = message.reply ?? "";
    const { sequence } = info;
    if (this.#isForeign(consumer, message.subject)) return this.#acknowledge({ consumer, ackSubject, sequence }, "ack");
    if (this.#stopped) return void this.#late.push({ consumer, ackSubject, sequence });
    const redelivered = again || info.deliveries > 1;
    // This process fell silent for longer than the lease. The message is still being handled, once is enough.
    if (redelivered && this.#unsettled.isHere({ consumer, ackSubject, sequence })) return;
    const record = messageToRecord(message, info.storedAt);
    const entry = new Entry(record, info, redelivered, consumer, ackSubject, this.#settle);
    this.#unsettled.add(entry);
    this.#handOut.offer(entry);
  }

  broken(reason: string): void {
    if (this.#closing !== undefined || this.#retryAt !== undefined) return;
    this.#report({ type: "subscription", name: this.request.name, connected: false, error: new Error(reason) });
    void this.#restart();
  }

  positionLost(reason: string): void {
    this.#report({ type: "position-lost", name: this.request.name, reason });
  }

  /** Extends leases, looks for new streams, and tries again what did not work. `now` is that of `performance.now()`. */
  tick(now: number): void {
    if (!this.connection.connected || this.#closing !== undefined) return;
    if (this.#retryAt !== undefined) {
      if (now >= this.#retryAt) void this.#restart();
      return;
    }
    this.#extendLeases(now);
    for (const consumer of this.#consumers) consumer.tick(now);
    if (this.#wide && !this.#stopped && now - this.#discoveredAt > discoverEveryMs) {
      this.#discoveredAt = now;
      void this.#discover();
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#handOut.stop();
    await Promise.all(Array.from(this.#consumers, (consumer) => consumer.drain()));
    for (const late of this.#late.splice(0)) this.#acknowledge(late, "release");
    for (const left of this.#unsettled.takeUnhanded()) this.#acknowledge(left, "release");
  }

  async flush(): Promise<void> {
    await this.#flushed();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  pause(): void {
    this.#paused = true;
    this.#handOut.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#handOut.resume();
    for (const consumer of this.#consumers) consumer.pull();
  }

  async remove(): Promise<void> {
    const { request, streams } = this.#options;
    await this.close();
    await deleteConsumers(
      streams,
      this.consumers,
      request,
      Array.from(this.#consumers, ({ stream }) => stream),
    );
  }

  /** Bounded: without a connection a flush would wait until the server is back, and whoever closes for as long. False when the time was up. */
  #flushed(): Promise<boolean> {
    return atMost(closeTimeoutMs, this.#acknowledgements.flush());
  }

  async #close(): Promise<void> {
    await this.stop();
    for (const left of [...this.#owed, ...this.#takeBack()]) this.#acknowledge(left, "release");
    this.#unlisten();
    const answered = this.connection.connected && (await this.#flushed());
    if (answered)
      await atMost(closeTimeoutMs, Promise.all(Array.from(this.#consumers, (consumer) => consumer.leave())));
    this.#presence.withdraw();
    for (const { delivery, outcome } of this.#acknowledgements.abandon()) {
      if (delivery === undefined) continue;
      const error = this.connection.absent("Acknowledging");
      this.#report({ type: "settlement-failed", name: this.request.name, delivery, outcome, error });
    }
    for (const consumer of this.#consumers) consumer.mute();
    // A server that does not answer is not asked: a consumer that nobody uses goes by itself.
    if (answered && !this.request.durable && this.request.group === undefined) {
      const { name } = this.request;
      const deleted = Array.from(this.#consumers, ({ stream }) => this.consumers.delete(stream, name));
      await atMost(closeTimeoutMs, Promise.all(deleted));
    }
    this.#options.ended();
  }

  /** Tells whether a message came only because the consumer reads more than the filter means. */
  #isForeign(consumer: StreamConsumer, subject: string): boolean {
    if (this.#wide && isPrivateSubject(subject, this.settings.inboxPrefix)) return true;
    return consumer.readsAll && !patternCovers(this.pattern, subject);
  }

  #hand(delivery: Delivery, entry: Entry): void {
    entry.handedOut = true;
    if (this.request.delivery === "at-most-once") {
      entry.acknowledged = true;
      this.#acknowledge(entry, "ack");
    }
    this.#options.sink(delivery);
  }

  readonly #settle = (entry: Entry, outcome: Outcome, delivery: Delivery, delayMs: number | undefined): void => {
    this.#unsettled.delete(entry);
    if (!entry.acknowledged) this.#acknowledge(entry, outcome, delivery, delayMs);
    entry.consumer.settled(entry.sequence, delayMs);
  };

  /** Without a delivery where core never saw the message. */
  #acknowledge(released: Released, outcome: Outcome, delivery?: Delivery, delayMs?: number): void {
    this.#acknowledgements.add(new Acknowledgement(released, outcome, delivery, delayMs));
  }

  /** Makes stale what is out, forgets what waits, and tells how to release all of it. */
  #takeBack(): Released[] {
    this.#handOut.endGeneration();
    return this.#unsettled.takeAll();
  }

  #extendLeases(now: number): void {
    if (now - this.#extendedAt < this.#consumers.leaseMs() / 3) return;
    this.#extendedAt = now;
    const leases = Array.from(this.#unsettled.leases(), (subject) => ({ subject, payload: inProgress }));
    this.connection.commands.publishShort(leases);
  }

  #lost(): void {
    this.#lostAt = performance.now();
    this.#acknowledgements.hold();
    for (const consumer of this.#consumers) consumer.mute();
    this.#report({ type: "subscription", name: this.request.name, connected: false });
  }

  async #restored(): Promise<void> {
    if (this.#closing === undefined) await this.#restart();
  }

  /** Brings every consumer back to where it was. What fails is tried again, with growing waits. */
  async #restart(): Promise<void> {
    if (this.#restarting) {
      this.#restartAgain = true;
      return;
    }
    this.#restarting = true;
    this.#restartAgain = false;
    this.#retryAt = undefined;
    const awayMs = this.#lostAt === undefined ? 0 : performance.now() - this.#lostAt;
    const owed = (this.#owed = [...this.#owed, ...this.#takeBack()]);
    try {
      const places = await this.#options.streams.forSubscribing(this.pattern, this.request.filter);
      if (this.#isClosed()) return;
      await this.#consumers.settleOn(places, "earliest");
      if (this.#isClosed()) return;
      this.#acknowledgements.resume();
      await this.connection.ask("Acknowledging", () => this.#acknowledgements.flush());
      // After a lease ran out the server delivers again by itself, perhaps to somebody who is handling it now.
      const left = awayMs < this.#consumers.leaseMs(this.settings.ackWaitMs) / 2 ? owed : [];
      await Promise.all(
        Array.from(this.#consumers, (consumer) => consumer.recover(left.filter((one) => one.consumer === consumer))),
      );
      this.#owed = [];
      this.#attempts = 0;
      this.#lostAt = undefined;
      this.#report({ type: "subscription", name: this.request.name, connected: true });
    } catch (error) {
      if (this.connection.connected && !this.#isClosed()) {
        this.#retryAt = performance.now() + backoffDelayMs(++this.#attempts, reconnectPolicy);
        const action = `Bringing back the subscription to ${this.request.filter}`;
        this.#report({
          type: "subscription",
          name: this.request.name,
          connected: false,
          error: classify(error, { action }),
        });
      }
    } finally {
      this.#restarting = false;
      if (this.connection.connected) this.#acknowledgements.resume();
      if (this.#restartAgain && this.connection.connected && !this.#isClosed()) void this.#restart();
    }
  }

  #isClosed(): boolean {
    return this.#closing !== undefined;
  }

  async #discover(): Promise<void> {
    try {
      const places = await this.#options.streams.intersecting(this.pattern);
      if (this.#closing !== undefined || this.#restarting || !this.#known) return;
      await this.#consumers.extendTo(places);
    } catch (error) {
      this.broken((error as Error).message);
    }
  }

  #report(status: BrokerStatus): void {
    this.#options.report(status);
  }
}

/** Tells whether the subscription outlives its process, or is that of several. */
function isShared({ durable, group }: SubscribeRequest): boolean {
  return durable || group !== undefined;
}

/** Deletes the consumers of a subscription on these streams, and on every other that there is. */
export async function deleteConsumers(
  streams: Streams,
  consumers: Consumers,
  { name, filter, durable }: SubscribeRequest,
  known: readonly string[] = [],
): Promise<void> {
  const pattern = filterToPattern(filter);
  const places = new Set(known);
  for (const place of await streams.intersecting(pattern)) places.add(place.name);
  if (beginsWithWildcard(pattern) && durable) places.add(deadLetterStream);
  await Promise.all([...places].map((stream) => consumers.delete(stream, name)));
}
