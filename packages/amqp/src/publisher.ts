import type { EffectiveCapabilities, OutboundRecord, PublishOutcome, Receipt } from "@busbar/core/contract";
import { BusError, ConnectionError, InvalidArgumentError, RefusedError, UnsupportedError } from "@busbar/core/driver";
import type { StatusHub } from "@busbar/core/driver";
import type { ConsumeMessage, Message, Options } from "amqplib";
import { effectiveCapabilities, spreads } from "./capabilities.ts";
import { maxBodyBytesIn } from "./classify.ts";
import type { Connection } from "./connection.ts";
import type { Link } from "./dial.ts";
import { DirectReplies, directReplyTo, isQueueOfBroker } from "./direct-replies.ts";
import { isConfirmed, isHeld, propertiesOf } from "./from-record.ts";
import { HoldingQueues } from "./holding.ts";
import type { Onward } from "./holding.ts";
import { keepAttached } from "./keep-attached.ts";
import type { Attached } from "./keep-attached.ts";
import type { Postponement } from "./amqp-arrival.ts";
import type { AmqpSettings } from "./options.ts";
import { Nacks } from "./nacks.ts";
import { PublishChannel } from "./publish-channel.ts";
import { returnedProperties } from "./returned.ts";
import { ensureStreams } from "./streams.ts";
import { routingKeyOf } from "./topic.ts";
import type { PublishedMessage } from "./unconfirmed-publishes.ts";
import { ensureExchange } from "./topology.ts";

/** Publishes over one connection, and keeps the channels for it open: it tells `connected` and `disconnected`. */
export class Publisher {
  readonly #settings: AmqpSettings;
  readonly #connection: Connection;
  readonly #statuses: StatusHub;
  readonly #holding: HoldingQueues;
  readonly #spreads: boolean;
  /** Where answers come in, with `native.directReplyTo`. */
  readonly replies: DirectReplies | undefined;
  readonly #nacks: Nacks;
  readonly #ending = new AbortController();
  #channel: PublishChannel | undefined;
  #effective: EffectiveCapabilities | undefined;
  #maxBodyBytes: number | undefined;
  #fatal: BusError | undefined;

  constructor(settings: AmqpSettings, connection: Connection, statuses: StatusHub) {
    this.#settings = settings;
    this.#connection = connection;
    this.#statuses = statuses;
    this.replies = settings.directReplyTo ? new DirectReplies() : undefined;
    this.#holding = new HoldingQueues(settings, connection);
    this.#spreads = spreads(settings);
    this.#nacks = new Nacks(settings.maxLength !== undefined);
  }

  /** Opens the channels on a connection that is open, and keeps them open from then on. */
  async open(): Promise<EffectiveCapabilities> {
    await keepAttached(
      this.#connection,
      {
        what: "Opening the channels for publishing failed",
        attach: (link) => this.#attach(link),
        onLost: (error) => this.#statuses.emit({ type: "disconnected", error }),
        onBack: () => this.#statuses.emit({ type: "connected", effective: this.#effective as EffectiveCapabilities }),
        onFatal: (error) => {
          this.#fatal = error;
          this.#statuses.emit({ type: "fatal", error, only: "publishing" });
        },
      },
      this.#ending.signal,
    );
    return this.#effective as EffectiveCapabilities;
  }

  /** `Broker.post`, but throws where nothing can be sent. Sends before it returns, so that the order of calls is the order on the wire. */
  post(record: OutboundRecord, outcome: PublishOutcome): void {
    const properties = propertiesOf(record);
    const channel = this.#ready(record);
    if (record.priority !== undefined) this.#assertPriority(record.priority, record.topic);
    if (isHeld(record)) return tell(this.#publishLater(record, properties), outcome);
    if (this.replies?.has(record.replyTo) === true) properties.replyTo = directReplyTo;
    const exchange = isQueueOfBroker(record.address) ? "" : this.#settings.exchange;
    const routingKey = routingKeyOf(record.address);
    if (isConfirmed(record))
      channel.post(exchange, routingKey, record, properties, this.#spreads ? withoutRouted(outcome) : outcome);
    else tell(channel.written(exchange, routingKey, record, properties), outcome);
  }

  /** Publishes straight into a queue, through the default exchange, persistent and confirmed. `routed` is false when there is no such queue. */
  async publishToQueue(queue: string, record: OutboundRecord, slot: string): Promise<Receipt> {
    const properties = propertiesOf(record, slot);
    return this.#ready(record).confirmed("", queue, record, { ...properties, persistent: true, mandatory: true });
  }

  /**
   * Puts a message that was delivered from a queue back into it after a time, as a new one behind the others; resolves once the broker has it, and the
   * delivered one may be acknowledged.
   */
  async returnLater(
    queue: string,
    message: Message,
    deliveries: number | undefined,
    { delayMs, failures }: Postponement,
  ): Promise<void> {
    // Found by its id like every publish, should the broker send it back; a foreign message may have none.
    const returned = { topic: queue, address: queue, id: String(message.properties.messageId), body: message.content };
    const properties = returnedProperties(message, deliveries, failures);
    await this.#hold("queue", queue, delayMs, returned, properties, `Giving a message back to the queue "${queue}"`);
  }

  /** Resolves once nothing is unconfirmed. */
  async idle(): Promise<void> {
    await this.#channel?.idle();
  }

  /** Ends the upkeep. The channels end with the connection. */
  end(): void {
    this.#ending.abort();
  }

  async #attach(link: Link): Promise<Attached> {
    await ensureExchange(link, this.#settings);
    await ensureStreams(link, this.#settings);
    const onReply = this.replies && ((message: ConsumeMessage) => this.replies?.arrived(message));
    const channel = await PublishChannel.open(link, onReply, this.#nacks);
    this.#channel = channel;
    this.#effective = effectiveCapabilities(link.server, this.#settings, this.#maxBodyBytes);
    const end = channel.end.then(({ error, reason }) => {
      if (this.#channel === channel) this.#channel = undefined;
      this.#maxBodyBytes = maxBodyBytesIn(reason) ?? this.#maxBodyBytes;
      return error;
    });
    return { end };
  }

  /** Confirmed and `mandatory` also where the message travels at most once: it costs a queue's work anyway. Whether anybody gets it is known only when it is due. */
  async #publishLater(record: OutboundRecord, properties: Options.Publish): Promise<Receipt> {
    const { topic, address, delayMs = 0 } = record;
    await this.#hold("exchange", routingKeyOf(address), delayMs, record, properties, `Publishing to "${topic}" later`);
    return { id: record.id };
  }

  async #hold(
    onward: Onward,
    routingKey: string,
    delayMs: number,
    message: PublishedMessage,
    properties: Options.Publish,
    what: string,
  ): Promise<void> {
    const { topic } = message;
    const { exchange, headers, queue, forget, ...more } = await this.#holding.hold(onward, delayMs, what);
    let routed: boolean | undefined = false;
    try {
      const own = properties.headers as Readonly<Record<string, unknown>>;
      const held: Options.Publish = { ...properties, ...more, mandatory: true, headers: { ...own, ...headers } };
      ({ routed } = await this.#ready(message).confirmed(exchange, routingKey, message, held));
    } catch (error) {
      if (!BusError.is(error) || error.code !== "BUSBAR_NOT_FOUND") throw error;
    }
    if (routed === true) return;
    forget();
    const advice = 'Trying again makes it anew, unless topology is "check" or "assume".';
    throw new BusError(
      "BUSBAR_NOT_FOUND",
      `${what} failed: the queue that would hold it, "${queue}", is not there, or not bound to "${exchange}". ${advice}`,
      true,
      { broker: "amqp", topic },
    );
  }

  #assertPriority(priority: number, topic: string): void {
    const { maxPriority } = this.#settings;
    if (maxPriority === undefined) {
      const detail = 'queues have no priorities; set native.queueType to "classic" and native.maxPriority.';
      throw new UnsupportedError([{ capability: "priority", subject: `publish("${topic}")`, detail }], {
        broker: "amqp",
        topic,
      });
    }
    if (priority <= maxPriority) return;
    throw new InvalidArgumentError(
      `Publishing to "${topic}" failed: the priority ${priority} is above ${maxPriority} (native.maxPriority), where RabbitMQ tells none from another.`,
      { broker: "amqp", topic },
    );
  }

  #ready({ topic, body }: Pick<OutboundRecord, "topic" | "body">): PublishChannel {
    if (this.#maxBodyBytes !== undefined && body.byteLength > this.#maxBodyBytes) {
      throw new RefusedError(
        `Publishing to "${topic}" failed: the body is ${body.byteLength} bytes long, and this RabbitMQ takes ${this.#maxBodyBytes} (max_message_size).`,
        { broker: "amqp", topic, code: "BUSBAR_TOO_LARGE" },
      );
    }
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#channel !== undefined) return this.#channel;
    throw new ConnectionError(`Publishing to "${topic}" failed: there is no connection to RabbitMQ at the moment.`, {
      broker: "amqp",
      topic,
    });
  }
}

/** What an exchange that gives every queue each message says of one is nothing about subscribers to its topic. */
function withoutRouted(outcome: PublishOutcome): PublishOutcome {
  return { confirmed: ({ id }) => outcome.confirmed({ id }), refused: (error) => outcome.refused(error) };
}

function tell(receipt: Promise<Receipt>, outcome: PublishOutcome): void {
  receipt.then(
    (confirmed) => outcome.confirmed(confirmed),
    (error: unknown) => outcome.refused(error as Error),
  );
}
