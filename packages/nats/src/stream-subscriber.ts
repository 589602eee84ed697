import type { Msg } from "@nats-io/nats-core";
import type { BrokerStatus, Delivery, Outcome, SubscribeRequest, Subscriber } from "@busbar/core/contract";
import { backoffDelayMs, HandOut, pause, reconnectPolicy } from "@busbar/core/driver";
import { Acknowledgements, inProgress, settlementPayload } from "./acknowledgements.ts";
import { apiCodeOf, apiCodes, classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import type { Beginning, Consumers } from "./consumers.ts";
import type { DeliveryInfo } from "./delivery-info.ts";
import type { NatsSettings } from "./options.ts";
import { StreamConsumer } from "./stream-consumer.ts";
import type { StreamConsumerHost } from "./stream-consumer.ts";
import { beginsWithWildcard, deadLetterStream } from "./streams.ts";
import type { StreamPlace, Streams } from "./streams.ts";
import { patternCovers } from "./subject-pattern.ts";
import { messageToRecord } from "./to-record.ts";
import { filterToPattern, isPrivateSubject } from "./topic.ts";

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

/** A message that is here and unsettled. */
interface Entry {
  readonly consumer: StreamConsumer;
  readonly sequence: number;
  /** Where its settlement goes: the latest delivery's, should the server have sent it twice. */
  ackSubject: string;
  acknowledged: boolean;
  /** Absent while it waits for credit. */
  delivery: Delivery | undefined;
}

/** What it takes to give a message back. */
type Released = Pick<Entry, "ackSubject" | "sequence">;

/** How often streams that are new are looked for, in milliseconds, by a filter that begins with a wildcard. */
const discoverEveryMs = 5_000;
/** How many consumers are started at once, where a filter reaches into many streams. */
const startsAtOnce = 16;
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
  readonly #handOut: HandOut;
  readonly #acknowledgements: Acknowledgements;
  readonly #entries = new Map<string, Entry>();
  readonly #wide: boolean;
  #consumers: StreamConsumer[] = [];
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
    this.#handOut = new HandOut({ credit: options.request.maxInFlight, sink: (delivery) => this.#hand(delivery) });
    this.#acknowledgements = new Acknowledgements(options.connection);
  }

  /** Resolves once every consumer exists, so that whatever is published from now on is received. */
  async start(): Promise<void> {
    const { streams, request } = this.#options;
    const places = await streams.forSubscribing(this.pattern, request.filter);
    let beginning: Beginning = request.startFrom;
    if (this.#wide && request.durable && this.settings.topology === "create") {
      await streams.forDeadLetters();
      // What it was not there to see of a stream that is new, it has to be told from the start.
      if (await this.consumers.note(request.name)) beginning = "earliest";
    }
    try {
      await this.#settleOn(places, beginning);
    } catch (error) {
      for (const consumer of this.#consumers) consumer.mute();
      throw error;
    }
    this.#known = true;
    this.#unlisten = this.connection.listen({ lost: () => this.#lost(), restored: () => void this.#restored() });
  }

  share(): number {
    return Math.max(1, Math.floor(this.request.maxInFlight / Math.max(1, this.#consumers.length)));
  }

  wants(): boolean {
    return !this.#paused && !this.#stopped;
  }

  arrived(consumer: StreamConsumer, message: Msg, info: DeliveryInfo): void {
    const ackSubject = message.reply ?? "";
    const { sequence } = info;
    if (this.#isForeign(consumer, message.subject)) return this.#acknowledge({ ackSubject, sequence }, "ack");
    if (this.#stopped) return void this.#late.push({ ackSubject, sequence });
    const position = `${consumer.stream}:${sequence}`;
    const same = this.#entries.get(position);
    if (same !== undefined) {
      // This process fell silent for longer than the lease. The message is still being handled, once is enough.
      same.ackSubject = ackSubject;
      return;
    }
    const entry: Entry = { consumer, sequence, ackSubject, acknowledged: false, delivery: undefined };
    this.#entries.set(position, entry);
    consumer.unsettled++;
    this.#handOut.offer({
      record: messageToRecord(message, info.storedAt),
      deliveries: info.deliveries,
      redelivered: info.deliveries > 1,
      position,
      settle: (outcome, delayMs) => this.#settle(position, entry, outcome, delayMs),
    });
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
    await Promise.all(this.#consumers.map((consumer) => consumer.drain()));
    for (const late of this.#late.splice(0)) this.#acknowledge(late, "release");
    for (const [position, entry] of this.#entries) {
      if (entry.delivery !== undefined) continue;
      this.#entries.delete(position);
      entry.consumer.unsettled--;
      this.#acknowledge(entry, "release");
    }
  }

  flush(): Promise<void> {
    return this.#acknowledgements.flush();
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
    const names = new Set(this.#consumers.map(({ stream }) => stream));
    for (const { name } of await streams.intersecting(this.pattern)) names.add(name);
    if (this.#wide && request.durable) names.add(deadLetterStream);
    await Promise.all([...names].map((name) => this.consumers.delete(name, request.name)));
  }

  async #close(): Promise<void> {
    await this.stop();
    for (const left of this.#takeBack()) this.#acknowledge(left, "release");
    this.#unlisten();
    if (this.connection.connected) {
      const waited = new AbortController();
      await Promise.race([this.#acknowledgements.flush(), pause(closeTimeoutMs, waited.signal)]);
      waited.abort();
    }
    for (const { delivery, outcome } of this.#acknowledgements.abandon()) {
      if (delivery === undefined) continue;
      const error = this.connection.absent("Acknowledging");
      this.#report({ type: "settlement-failed", name: this.request.name, delivery, outcome, error });
    }
    for (const consumer of this.#consumers) consumer.mute();
    if (!this.request.durable && this.request.group === undefined) {
      await Promise.all(
        this.#consumers.map(({ stream }) => this.consumers.delete(stream, this.request.name).catch(() => undefined)),
      );
    }
    this.#options.ended();
  }

  /** Tells whether a message came only because the consumer reads more than the filter means. */
  #isForeign(consumer: StreamConsumer, subject: string): boolean {
    if (this.#wide && isPrivateSubject(subject, this.settings.inboxPrefix)) return true;
    return consumer.readsAll && !patternCovers(this.pattern, subject);
  }

  #hand(delivery: Delivery): void {
    const entry = this.#entries.get(delivery.position ?? "");
    if (entry !== undefined) {
      entry.delivery = delivery;
      if (this.request.delivery === "at-most-once") {
        entry.acknowledged = true;
        this.#acknowledge(entry, "ack");
      }
    }
    this.#options.sink(delivery);
  }

  #settle(position: string, entry: Entry, outcome: Outcome, delayMs: number | undefined): void {
    this.#entries.delete(position);
    if (!entry.acknowledged) this.#acknowledge(entry, outcome, delayMs, entry.delivery);
    entry.consumer.settled();
  }

  #acknowledge({ ackSubject, sequence }: Released, outcome: Outcome, delayMs?: number, delivery?: Delivery): void {
    const payload = settlementPayload(outcome, delayMs);
    this.#acknowledgements.add({ subject: ackSubject, payload, outcome, sequence, delivery });
  }

  /** Makes stale what is out, forgets what waits, and tells how to release all of it. */
  #takeBack(): Released[] {
    this.#handOut.endGeneration();
    const lowest = new Map<StreamConsumer, number>();
    const left: Released[] = [];
    for (const entry of this.#entries.values()) {
      const { consumer, sequence, acknowledged } = entry;
      lowest.set(consumer, Math.min(sequence, lowest.get(consumer) ?? sequence));
      if (!acknowledged) left.push(entry);
    }
    this.#entries.clear();
    for (const consumer of this.#consumers) consumer.gaveBack(lowest.get(consumer));
    return left;
  }

  #extendLeases(now: number): void {
    const leaseMs = Math.min(...this.#consumers.map((consumer) => consumer.leaseMs));
    if (now - this.#extendedAt < leaseMs / 3) return;
    this.#extendedAt = now;
    for (const { ackSubject, acknowledged } of this.#entries.values()) {
      if (!acknowledged) this.connection.client.publish(ackSubject, inProgress);
    }
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
    const leaseMs = Math.min(this.settings.ackWaitMs, ...this.#consumers.map((consumer) => consumer.leaseMs));
    const releases = [...this.#owed, ...this.#takeBack()];
    this.#owed = [];
    try {
      const places = await this.#options.streams.forSubscribing(this.pattern, this.request.filter);
      if (this.#closing !== undefined) return;
      await this.#settleOn(places, "earliest");
      // After a lease ran out the server delivers again by itself, perhaps to somebody who is handling it now.
      if (awayMs < leaseMs / 2) for (const left of releases) this.#acknowledge(left, "release");
      this.#attempts = 0;
      this.#lostAt = undefined;
      this.#report({ type: "subscription", name: this.request.name, connected: true });
    } catch (error) {
      this.#owed = releases;
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

  /** Has a consumer on each of these streams and on no other. */
  async #settleOn(places: readonly StreamPlace[], beginning: Beginning): Promise<void> {
    const names = new Set(places.map(({ name }) => name));
    for (const consumer of this.#consumers.filter(({ stream }) => !names.has(stream))) {
      consumer.mute();
      this.positionLost(
        `The stream ${consumer.stream} is gone, or takes nothing of "${this.request.filter}" any more.`,
      );
    }
    const former = this.#consumers;
    this.#consumers = places.map(
      ({ name }) => former.find(({ stream }) => stream === name) ?? new StreamConsumer(this, name),
    );
    await this.#startAll(this.#consumers, places, beginning);
  }

  async #discover(): Promise<void> {
    try {
      const places = await this.#options.streams.intersecting(this.pattern);
      if (this.#closing !== undefined || this.#restarting || !this.#known) return;
      const added = places.filter(({ name }) => !this.#consumers.some(({ stream }) => stream === name));
      const consumers = added.map(({ name }) => new StreamConsumer(this, name));
      this.#consumers = [...this.#consumers, ...consumers];
      await this.#startAll(consumers, added, "earliest");
    } catch (error) {
      this.broken((error as Error).message);
    }
  }

  /** Starts the consumers, each on the place of its number. A stream that vanished meanwhile is none to read. */
  async #startAll(
    consumers: readonly StreamConsumer[],
    places: readonly StreamPlace[],
    beginning: Beginning,
  ): Promise<void> {
    const starts = places.entries();
    const startSome = async (): Promise<void> => {
      for (const [index, place] of starts) {
        try {
          await consumers[index]?.start(place, beginning);
        } catch (error) {
          if (!this.#wide || apiCodeOf(error) !== apiCodes.streamNotFound) throw error;
          this.#consumers = this.#consumers.filter((consumer) => consumer !== consumers[index]);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(startsAtOnce, places.length) }, startSome));
  }

  #report(status: BrokerStatus): void {
    this.#options.report(status);
  }
}
