import type {
  AbortOptions,
  Broker,
  BrokerStatus,
  Delivery,
  EffectiveCapabilities,
  OutboundRecord,
  PublishOutcome,
  Receipt,
  Subscriber,
  SubscribeRequest,
} from "@busbar/core/contract";
import { abortable, atMost, ClosedError, ConfigError, ConnectionError, promised, StatusHub } from "@busbar/core/driver";
import { declared, effectiveCapabilities } from "./capabilities.ts";
import type { KafkaCapabilities } from "./capabilities.ts";
import { ChosenClient } from "./chosen-client.ts";
import { classify, closedError } from "./classify.ts";
import type { ClientProducer, KafkaClient, PartitionOffset } from "./client.ts";
import { Control } from "./control.ts";
import { KafkaDeadLetters } from "./dead-letters.ts";
import { GroupLag } from "./group-lag.ts";
import { deleteGroup, KafkaSubscriber } from "./kafka-subscriber.ts";
import { checkOptions } from "./options.ts";
import type { KafkaOptions, KafkaSettings } from "./options.ts";
import { ProducerBatches } from "./producer-batches.ts";
import { ProducerLink } from "./producer-link.ts";
import { toMessage } from "./from-record.ts";
import { topicName } from "./topic.ts";
import { replay } from "./replay.ts";
import type { ReplayRequest } from "./replay.ts";
import { tombstonesOf } from "./tombstones.ts";
import { Topics } from "./topics.ts";
import { Transactions } from "./transactions.ts";
import type { TransactionMessage } from "./transactions.ts";
import { UnconfirmedProducer } from "./unconfirmed-producer.ts";

/** How long a close waits for publishes that are on their way. */
const closeBoundMs = 3_000;

/**
 * Apache Kafka as a bus broker. One producer for confirmed publishes, one for unconfirmed ones where there are any, one
 * consumer for each subscription, and one connection for questions, made when the first is asked.
 *
 * @typeParam Native What `native` is: kafkajs's `Kafka`, or the module `@platformatic/kafka` where that one is chosen.
 */
export class KafkaBroker<Native = unknown> implements Broker<KafkaCapabilities, Native> {
  readonly name = "kafka";
  readonly declared: KafkaCapabilities = declared;
  readonly deadLetters: KafkaDeadLetters;
  readonly lag: GroupLag;
  readonly #settings: KafkaSettings;
  readonly #client: KafkaClient;
  readonly #control: Control;
  readonly #topics: Topics;
  readonly #isTombstone: (record: OutboundRecord) => boolean;
  readonly #confirmed: ProducerBatches;
  readonly #unconfirmed: ProducerBatches;
  readonly #link: ProducerLink;
  readonly #unconfirmedProducer: UnconfirmedProducer;
  readonly #transactions: Transactions;
  readonly #status = new StatusHub();
  readonly #subscribers = new Set<KafkaSubscriber>();
  #effective: EffectiveCapabilities | undefined;
  #closed: Promise<void> | undefined;

  /** Does no I/O. Throws a `ConfigError` that lists every problem of the options. */
  constructor(options: KafkaOptions) {
    this.#settings = checkOptions(options);
    this.#isTombstone = tombstonesOf(this.#settings.native.tombstones);
    this.#client = new ChosenClient(this.#settings);
    this.#control = new Control(this.#client);
    this.#topics = new Topics(this.#control, this.#settings);
    const prepare = async (topic: string): Promise<number | undefined> =>
      (await this.#topics.ensure(topic)).maxMessageBytes;
    const onTopicGone = (topic: string): Promise<boolean> => this.#topics.mayComeBack(topic);
    const mayShrink = this.#settings.native.compression !== "none";
    this.#confirmed = new ProducerBatches({
      prepare,
      mayShrink,
      keepsOnce: this.#settings.native.idempotent,
      onTopicGone,
      send: (topic, messages) => this.#producer().send(topic, messages),
    });
    this.#unconfirmed = new ProducerBatches({
      prepare,
      mayShrink,
      onTopicGone,
      send: async (topic, messages) => (await this.#unconfirmedProducer.connected()).send(topic, messages),
    });
    this.#link = new ProducerLink({
      client: this.#client,
      onLost: (error) => this.#lost(error),
      onBack: () => void this.#tellConnected(),
      onFatal: (error) => this.#status.emit({ type: "fatal", error, only: "publishing" }),
    });
    this.#unconfirmedProducer = new UnconfirmedProducer({
      client: this.#client,
      onLost: (error) => this.#unconfirmed.fail(error),
    });
    this.deadLetters = new KafkaDeadLetters({
      control: this.#control,
      topics: this.#topics,
      publish: (topic, message, of) => this.#confirmed.publish(topic, message, of),
    });
    this.lag = new GroupLag(this.#control);
    this.#transactions = new Transactions({ client: this.#client, prepare });
  }

  /** A kafkajs object with the same settings as the bus uses, connected to nothing by itself; or the other library, where that is chosen. */
  get native(): Native {
    if (this.#effective === undefined)
      throw new ClosedError("The broker is not open yet; call open() first.", { broker: this.name });
    return this.#client.native as Native;
  }

  async open(options?: AbortOptions): Promise<EffectiveCapabilities> {
    this.#refuseWhenClosed();
    if (this.#effective !== undefined) return this.#effective;
    const { brokers, username, token } = this.#settings;
    // A server that wants credentials just hangs up on who gives none.
    const hint = username === undefined && token === undefined ? " without credentials" : "";
    const doing = `Connecting to Kafka at ${brokers.join(", ")}${hint}`;
    try {
      await this.#link.open(options?.signal);
      this.#effective = await abortable(this.#learn(doing), options?.signal);
      this.#link.supervise();
    } catch (cause) {
      this.#link.drop();
      this.#control.drop();
      if (options?.signal?.aborted === true) throw options.signal.reason;
      throw classify(cause, { doing });
    }
    this.#status.emit({ type: "connected", effective: this.#effective });
    return this.#effective;
  }

  publish(record: OutboundRecord, options?: AbortOptions): Promise<Receipt> {
    return promised((outcome) => this.post(record, outcome), options?.signal);
  }

  post(record: OutboundRecord, outcome: PublishOutcome): void {
    try {
      this.#refuseWhenClosed();
      // All of this in the turn of the call, so that calls keep their order.
      const topic = topicName(record.address);
      const message = toMessage(record, this.#isTombstone(record));
      if (this.#link.current === undefined)
        throw new ConnectionError(`Publishing to "${record.topic}" failed: there is no connection to Kafka.`, {
          broker: this.name,
          topic: record.topic,
        });
      const batches = record.delivery === "at-most-once" ? this.#unconfirmed : this.#confirmed;
      const { id } = record;
      batches.post(
        topic,
        message,
        { token: record.publishToken, sending: record.sending },
        (position) =>
          outcome.confirmed(
            position === undefined ? { id } : { id, position: `${topic}/${position.partition}/${position.offset}` },
          ),
        (error) => outcome.refused(error),
      );
    } catch (error) {
      outcome.refused(error as Error);
    }
  }

  async subscribe(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    this.#refuseWhenClosed();
    const context = {
      client: this.#client,
      control: this.#control,
      topics: this.#topics,
      settings: this.#settings,
      tell: (status: BrokerStatus) => this.#status.emit(status),
      // From the beginning, so that a close ends a subscribe that is still waiting for its group.
      onOpened: (subscriber: KafkaSubscriber) => void this.#subscribers.add(subscriber),
      onClosed: (subscriber: KafkaSubscriber) => void this.#subscribers.delete(subscriber),
    };
    return await KafkaSubscriber.start(context, request, sink);
  }

  /** Without subscribing, which would make the topic, and wait for the group to rebalance. */
  async forget(request: SubscribeRequest): Promise<void> {
    this.#refuseWhenClosed();
    await deleteGroup({ control: this.#control, settings: this.#settings }, request);
  }

  /**
   * Publishes all of these messages, or none: who reads what was committed, as the bus does, sees them together or never. Rejects with a `ConfigError`
   * without `native.transactionalId`; with an outcome that is unknown where it failed while it was committed; else with nothing of it visible.
   * Transactions of one broker come one after the other; nothing is tried again but what kafkajs does inside of one.
   */
  async transaction(messages: readonly TransactionMessage[], options?: AbortOptions): Promise<void> {
    this.#refuseWhenClosed();
    if (this.#settings.native.transactionalId === undefined)
      throw new ConfigError(["native.transactionalId: transaction() needs one"], { broker: this.name });
    await abortable(this.#transactions.write(messages), options?.signal);
  }

  /**
   * Lets a subscription that nobody has open begin elsewhere: handle again what it has handled, from a time or from places on, or leave out what is
   * waiting. One that was never there begins so too. The broker has to be open.
   *
   * @returns Where it goes on in each partition. Rejects with a `RefusedError` while it has members.
   * @example await log.replay({ subscription: "saver-orders-1b2c3d4e5f60", to: new Date("2026-11-01T00:00:00Z") })
   */
  async replay(request: ReplayRequest, options?: AbortOptions): Promise<readonly PartitionOffset[]> {
    this.#refuseWhenClosed();
    return replay(this.#control, request, options);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  onStatus(listener: (status: BrokerStatus) => void): () => void {
    return this.#status.on(listener);
  }

  async #close(): Promise<void> {
    await Promise.all([
      ...[...this.#subscribers].map((subscriber) => subscriber.close()),
      atMost(closeBoundMs, Promise.all([this.#confirmed.idle(), this.#unconfirmed.idle(), this.#transactions.idle()])),
    ]);
    const closed = closedError("The broker");
    this.#confirmed.fail(closed);
    this.#unconfirmed.fail(closed);
    this.#link.close();
    this.#control.close();
    this.#unconfirmedProducer.close();
    this.#transactions.close();
  }

  #producer(): ClientProducer {
    const producer = this.#link.current;
    if (producer === undefined) throw new ConnectionError("There is no connection to Kafka.", { broker: this.name });
    return producer;
  }

  #lost(error: Error): void {
    this.#confirmed.fail(error);
    this.#status.emit({ type: "disconnected", error: classify(error, { doing: "The connection to Kafka" }) });
  }

  async #tellConnected(): Promise<void> {
    this.#effective = await this.#learn("Connecting to Kafka again").catch(() => this.#effective);
    if (this.#effective !== undefined && this.#link.current !== undefined)
      this.#status.emit({ type: "connected", effective: this.#effective });
  }

  /** What this cluster does. */
  async #learn(doing: string): Promise<EffectiveCapabilities> {
    const read = (name: string): Promise<string | undefined> =>
      this.#control.ask(doing, (control) => control.setting(name));
    return effectiveCapabilities({
      // Kafka holds it against what is left after compression.
      maxMessageBytes: this.#settings.native.compression === "none" ? await read("message.max.bytes") : undefined,
      offsetsRetentionMinutes: await read("offsets.retention.minutes"),
    });
  }

  #refuseWhenClosed(): void {
    if (this.#closed !== undefined) throw closedError("The broker");
  }
}
