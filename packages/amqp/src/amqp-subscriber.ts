import type { Delivery, InboundRecord, Outcome, SubscribeRequest, Subscriber } from "@busbar/core/contract";
import {
  atMost,
  BusError,
  ConnectionError,
  HandOut,
  matches,
  parseCheckedFilter,
  pause,
  RefusedError,
  reservedToken,
} from "@busbar/core/driver";
import type { ParsedFilter, StatusHub } from "@busbar/core/driver";
import type { ConsumeMessage } from "amqplib";
import { AmqpArrival } from "./amqp-arrival.ts";
import type { Postponement } from "./amqp-arrival.ts";
import { onOwnChannel } from "./channel-life.ts";
import { holds, spreads } from "./capabilities.ts";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { ConsumerChannel } from "./consumer-channel.ts";
import { Departures } from "./departures.ts";
import type { Link } from "./dial.ts";
import { keepAttached } from "./keep-attached.ts";
import type { Attached } from "./keep-attached.ts";
import type { AdoptedQueueOptions } from "./native-options.ts";
import type { AmqpSettings } from "./options.ts";
import type { Publisher } from "./publisher.ts";
import { StreamPosition } from "./stream-position.ts";
import { streamOf } from "./streams.ts";
import { hasExpired, offsetOf, showsDeliveries } from "./to-record.ts";
import { adoptedQueue, countsDeliveries, ensureQueue, isTransient, waitingIn } from "./topology.ts";

/** How long `close` waits for each word of a broker that may be gone, in milliseconds. */
const goodbyeMs = 2000;

/** A subscription: one queue, consumed over one channel at a time, with prefetch as its credit at the broker. */
export class AmqpSubscriber implements Subscriber {
  readonly #settings: AmqpSettings;
  readonly #connection: Connection;
  readonly #statuses: StatusHub;
  readonly #request: SubscribeRequest;
  readonly #handOut: HandOut;
  readonly #publisher: Publisher;
  /** What somebody else's queue is read as; `undefined` for a queue of the bus. */
  readonly #adopted: AdoptedQueueOptions | undefined;
  readonly #counted: boolean;
  /** The name of the queue. */
  readonly queue: string;
  /** How far it has read the stream that it reads; `undefined` where it reads a queue. */
  readonly #position: StreamPosition | undefined;
  /** Where more comes than the binding asks for, what is to be kept of it. */
  readonly #filter: ParsedFilter | undefined;
  readonly #onClosed: () => void;
  readonly #departures: Departures | undefined;
  readonly #ending = new AbortController();
  /** What waits to be acknowledged ahead of its handler, by its record: the hand-out shows nothing else of it. */
  readonly #undeparted = new WeakMap<InboundRecord, AmqpArrival>();
  /** Copies of messages that are on their way to where they are held. */
  readonly #returning = new Set<Promise<void>>();
  #consumer: ConsumerChannel | undefined;
  /** The server can hold messages back. */
  #holds = false;
  /** The broker did not answer in time when it came to an end. */
  #silent = false;
  #stopping: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    settings: AmqpSettings,
    connection: Connection,
    statuses: StatusHub,
    request: SubscribeRequest,
    sink: (delivery: Delivery) => void,
    publisher: Publisher,
    onClosed: () => void,
  ) {
    this.#settings = settings;
    this.#connection = connection;
    this.#statuses = statuses;
    this.#request = request;
    this.#publisher = publisher;
    this.#adopted = adoptedQueue(request, settings);
    this.#counted = countsDeliveries(request, settings);
    const stream = streamOf(request, settings);
    if (stream !== undefined) this.#position = new StreamPosition();
    this.queue = stream?.queue ?? this.#adopted?.queue ?? request.name;
    if (stream !== undefined || (this.#adopted === undefined && spreads(settings)))
      this.#filter = parseCheckedFilter(request.filter);
    this.#onClosed = onClosed;
    if (request.delivery === "at-most-once") this.#departures = new Departures(sink);
    this.#handOut = new HandOut({ credit: request.maxInFlight, sink: (delivery) => this.#hand(delivery, sink) });
  }

  /** `SubscribeRequest.name`. */
  get name(): string {
    return this.#request.name;
  }

  /** True where it reads a stream from its earliest message. */
  get readsStream(): boolean {
    return this.#position !== undefined;
  }

  /** Declares the queue and consumes it; resolves when what is published from now on is received. From then on it comes back by itself. */
  async start(): Promise<void> {
    const { name, filter } = this.#request;
    await keepAttached(
      this.#connection,
      {
        what: `Subscribing to "${filter}" (queue "${this.queue}") failed`,
        attach: (link, again) => this.#attach(link, again),
        onLost: (error) => this.#statuses.emit({ type: "subscription", name, connected: false, error }),
        onBack: () => this.#statuses.emit({ type: "subscription", name, connected: true }),
        onFatal: (error) => this.#statuses.emit({ type: "fatal", error, name }),
      },
      this.#ending.signal,
    );
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async flush(): Promise<void> {
    if (this.#returning.size > 0) await atMost(goodbyeMs, Promise.all(this.#returning));
    // On a channel that is gone there is nothing to write: what it had is delivered again.
    const flushed = this.#consumer?.flush().catch(() => undefined);
    if (flushed === undefined || this.#silent) return;
    if (this.#stopping === undefined) return flushed;
    this.#silent = !(await atMost(goodbyeMs, flushed));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  pause(): void {
    this.#handOut.pause();
  }

  resume(): void {
    this.#handOut.resume();
  }

  async remove(): Promise<void> {
    await this.close();
    const { name, filter } = this.#request;
    const what = `Deleting the subscription to "${filter}" (queue "${this.queue}") failed`;
    if (this.#adopted !== undefined) {
      throw new RefusedError(
        `${what}: native.queues names it, so it is somebody else's; delete it where it was made.`,
        {
          broker: "amqp",
          topic: filter,
        },
      );
    }
    // The stream stays for others; of this one reader there is nothing at the broker.
    if (this.#position !== undefined) return;
    const { link } = this.#connection;
    if (link === undefined)
      throw new ConnectionError(`${what}: there is no connection to RabbitMQ at the moment.`, {
        broker: "amqp",
        topic: filter,
      });
    await onOwnChannel(link, (channel) => channel.deleteQueue(name)).catch((error: unknown) => {
      throw classify(error, { what, topic: filter });
    });
  }

  async #attach(link: Link, again: boolean): Promise<Attached> {
    const { name, maxInFlight, member } = this.#request;
    const { queue } = this;
    const gone = again && this.#position === undefined && (await waitingIn(link, queue)) === undefined;
    const consumer = await ConsumerChannel.open(link, maxInFlight, queue);
    const end = consumer.end.then((error) => {
      this.#onEnd(consumer);
      return error;
    });
    try {
      if (this.#position === undefined) await ensureQueue(consumer.channel, this.#request, this.#settings);
      this.#ending.signal.throwIfAborted();
      this.#consumer = consumer;
      this.#holds = holds(link.server);
      await consumer.consume(queue, member, (message) => this.#onMessage(consumer, message), {
        ...(this.#position === undefined ? {} : { "x-stream-offset": this.#position.from }),
      });
    } catch (error) {
      await consumer.close();
      throw error;
    }
    // Stopped while it came back: the stop did not know of this consumer yet.
    if (this.#ending.signal.aborted) await consumer.close();
    else if (gone) {
      const reason = `The queue "${queue}" was gone and was made anew: what was published meanwhile, and what it kept, is lost.`;
      this.#statuses.emit({ type: "position-lost", name, reason });
    }
    return { end };
  }

  #onMessage(consumer: ConsumerChannel, message: ConsumeMessage): void {
    if (this.#consumer !== consumer) return;
    const offset = offsetOf(message);
    if (offset !== undefined && this.#position?.isPast(offset) === true) message.fields.redelivered = true;
    const counted = this.#adopted === undefined ? this.#counted : showsDeliveries(message);
    const facts = { topic: this.#adopted?.topic, counted, holds: this.#holds && offset === undefined };
    const arrival = new AmqpArrival(message, facts, (settled, outcome, later) => {
      if (offset === undefined && outcome === "release" && later !== undefined && this.#departures === undefined)
        return this.#releaseLater(consumer, settled, message, later);
      if (offset !== undefined && outcome === "release")
        return void this.#handAgain(consumer, message, later?.delayMs ?? 0);
      if (offset !== undefined) this.#position?.settled(offset);
      // The end of the channel gives it back, among the others in their order.
      if (this.#stopping !== undefined && outcome === "release") return;
      // At most once: the broker was told before the sink was.
      if (this.#departures !== undefined || consumer.settle(settled, offset === undefined ? outcome : "ack")) return;
      this.#tellUnsettled(settled, outcome);
    });
    const isNew = offset === undefined || this.#position === undefined || this.#position.arrived(offset);
    if (!isNew || this.#isUnwanted(arrival, message)) {
      if (isNew && offset !== undefined) this.#position?.settled(offset);
      return void consumer.settle(arrival, "ack");
    }
    if (this.#departures !== undefined) this.#undeparted.set(arrival.record, arrival);
    this.#handOut.offer(arrival);
  }

  #isUnwanted({ record }: AmqpArrival, message: ConsumeMessage): boolean {
    // A filter that begins with a wildcard binds the bus's own topics too, and no filter of a user is to see those.
    if (isReserved(record.address) && !isReserved(this.#request.filter)) return true;
    if (this.#filter !== undefined && !matches(this.#filter, record.address)) return true;
    return hasExpired(message, record.timestamp);
  }

  #hand(delivery: Delivery, sink: (delivery: Delivery) => void): void {
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    if (this.#departures === undefined) return sink(delivery);
    const arrival = this.#undeparted.get(delivery.record);
    if (arrival !== undefined) this.#acknowledgeAhead(consumer, arrival);
    this.#departures.add(delivery, () => consumer.flush());
  }

  #acknowledgeAhead(consumer: ConsumerChannel, arrival: AmqpArrival): void {
    const offset = offsetOf(arrival.record.native as ConsumeMessage);
    if (offset !== undefined) this.#position?.settled(offset);
    consumer.settle(arrival, "ack");
  }

  #onEnd(consumer: ConsumerChannel): void {
    if (this.#consumer !== consumer) return;
    this.#consumer = undefined;
    this.#handOut.endGeneration();
    for (const arrival of consumer.unwritten) this.#tellUnsettled(arrival, "ack");
  }

  /** What core has not settled, because it was acknowledged ahead of its handler and never handed out, is no news to it. */
  #tellUnsettled({ delivery, record }: AmqpArrival, outcome: Outcome, reason?: BusError): void {
    if (delivery === undefined) return;
    const { name } = this.#request;
    const text = `A message of "${name}" could not be settled (${outcome}): the connection was lost before that was written.`;
    const error = reason ?? new ConnectionError(text, { broker: "amqp", topic: record.address });
    this.#statuses.emit({ type: "settlement-failed", name, delivery, outcome, error });
  }

  /** Hands a message of a stream out once more, since a stream takes none back: it ends the whole connection of who tries. */
  async #handAgain(consumer: ConsumerChannel, message: ConsumeMessage, delayMs: number): Promise<void> {
    await pause(delayMs, this.#ending.signal);
    // For a stream that is adopted, of which no position is kept.
    message.fields.redelivered = true;
    if (!this.#ending.signal.aborted) this.#onMessage(consumer, message);
  }

  /**
   * Gives a message back not before its time: a copy is held at the broker, and only when that is confirmed the message itself is acknowledged. Where the
   * copy fails, it is kept here, unacknowledged, until it is due or the broker would soon take it back; that it comes too early is told.
   */
  #releaseLater(consumer: ConsumerChannel, arrival: AmqpArrival, message: ConsumeMessage, later: Postponement): void {
    const dueAt = performance.now() + later.delayMs;
    const isLong = later.delayMs > this.#longestKeptMs;
    const returning = this.#publisher.returnLater(this.queue, message, arrival.deliveries, later).then(
      () => void (consumer.settle(arrival, "ack") || this.#tellUnsettled(arrival, "release")),
      (error: unknown) => {
        if (BusError.is(error) && (isLong || !error.retryable)) this.#tellUnsettled(arrival, "release", error);
        void this.#keepUntil(dueAt, consumer, arrival);
      },
    );
    this.#returning.add(returning);
    void returning.finally(() => this.#returning.delete(returning));
  }

  async #keepUntil(dueAt: number, consumer: ConsumerChannel, arrival: AmqpArrival): Promise<void> {
    await pause(Math.min(dueAt - performance.now(), this.#longestKeptMs), this.#ending.signal);
    // At its end the channel gives it back by itself.
    if (!this.#ending.signal.aborted && !consumer.settle(arrival, "release")) this.#tellUnsettled(arrival, "release");
  }

  get #longestKeptMs(): number {
    return this.#settings.consumerTimeoutMs / 2;
  }

  /**
   * Hands nothing out any more. The consumer is not cancelled, since RabbitMQ itself gives back what it is just sending to one that is, ahead
   * of what was sent before: until the channel closes, further messages come and are left alone, as many as there is room for.
   */
  async #stop(): Promise<void> {
    this.#ending.abort();
    this.#handOut.stop();
    await this.#departures?.idle();
  }

  async #close(): Promise<void> {
    await this.stop();
    this.#onClosed();
    const consumer = this.#consumer;
    await this.flush();
    // To a peer that did not answer, no further word is said: the end of the connection gives everything back.
    if (!this.#silent) await consumer?.close();
    this.#consumer = undefined;
    this.#handOut.endGeneration();
    const { link } = this.#connection;
    if (link === undefined || this.#silent || !this.#isToGo()) return;
    // When this fails, the queue goes by itself after its time.
    await atMost(
      goodbyeMs,
      onOwnChannel(link, (channel) => channel.deleteQueue(this.#request.name)),
    );
  }

  #isToGo(): boolean {
    return isTransient(this.#request) && this.queue === this.#request.name;
  }
}

function isReserved(topic: string): boolean {
  return (
    topic.startsWith(reservedToken) && (topic.length === reservedToken.length || topic[reservedToken.length] === ".")
  );
}
