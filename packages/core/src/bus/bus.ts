import { createCodecs } from "../codec/codec-registry.ts";
import type { Codecs } from "../codec/codec-registry.ts";
import type { Receipt } from "../contract/index.ts";
import type { DeadLetter } from "../delivery/dead-letter.ts";
import type { Handler, ManualHandler } from "../delivery/message.ts";
import type { SubscribeOptions } from "../delivery/options.ts";
import { pause } from "../driver/backoff.ts";
import { rejected } from "../driver/rejected.ts";
import { messageOf } from "../delivery/describe.ts";
import { ClosedError, InvalidArgumentError, NoSubscriberError, UnsupportedError } from "../errors.ts";
import type { UnmetNeed } from "../errors.ts";
import { Sweep } from "../delivery/sweep.ts";
import { assertTopic, parseFilter } from "../topic/grammar.ts";
import { concreteTopic, isTopic } from "../topic/typed-topic.ts";
import type { Topic } from "../topic/typed-topic.ts";
import { BatchCollector } from "./batch-collector.ts";
import type { BatchHandler, BatchOptions } from "./batch-collector.ts";
import { BrokerLink } from "./broker-link.ts";
import { memberName } from "./broker-name.ts";
import { deadlineOf } from "./deadline.ts";
import type { DrainOptions } from "./deadline.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { DeadLetterShelf } from "./dead-letters.ts";
import { forgetAt } from "./forget.ts";
import { GroupFilters } from "./group-filters.ts";
import { optionsAndHandler } from "./handler-argument.ts";
import { healthOf } from "./health.ts";
import type { BusHealth } from "./health.ts";
import { MessageStream } from "./message-stream.ts";
import { unmetConfigNeeds, unmetRequestNeeds, unmetRequirements } from "./needs.ts";
import type { BatchEntry, Publisher, PublishOptions, PublishResult, RequestOptions } from "./options.ts";
import {
  checkPublishOptions,
  checkRequestOptions,
  defaultTimeoutMs,
  folded,
  keyOf,
  outgoingRecord,
} from "./outgoing.ts";
import { Requester } from "./requester.ts";
import { planResponder } from "./respond.ts";
import type { RespondOptions } from "./respond.ts";
import { Routing } from "./routing.ts";
import type { BusSettings } from "./settings.ts";
import { planSubscription } from "./plan-subscription.ts";
import type { SubscriptionPlan } from "./plan-subscription.ts";
import type { PlanContext } from "./plan-context.ts";
import { groupProblem } from "./subscribe-options.ts";
import { Subscription } from "./subscription.ts";
import { together } from "./together.ts";
import { Turns } from "./turns.ts";
import { validated } from "./validate.ts";

/** Any of the handlers that the overloads allow. */
type AnyHandler = (payload: never, message: never) => unknown;

/** A subscription that is to be checked, but not made yet. */
export interface SubscriptionDeclaration {
  readonly filter: string | Topic;
  readonly options?: SubscribeOptions | undefined;
}

/**
 * The message bus. What it promises it promises on every broker alike (`docs/guarantees.md`); what a broker cannot do is refused
 * with an `UnsupportedError` when it is asked for. Made by `connect` (opened) or `createBus` (not yet).
 */
export class Bus implements Publisher {
  readonly #settings: BusSettings;
  readonly #codecs: Codecs;
  readonly #routing: Routing;
  readonly #sweep = new Sweep();
  readonly #links = new Map<string, BrokerLink>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #groupFilters = new GroupFilters();
  readonly #turns = new Turns();
  readonly #requesters = new Map<string, Requester>();
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(settings: BusSettings) {
    this.#settings = settings;
    this.#codecs = createCodecs(settings.codecs);
    this.#routing = new Routing(settings);
    for (const broker of settings.brokers)
      this.#links.set(broker.name, new BrokerLink(broker, this.#sweep, settings.logger));
  }

  /**
   * Opens every broker. Rejects after `connectTimeoutMs`, retryable, when one cannot be reached, and at once when one refuses (wrong
   * password) or does not do what the configuration states, with an `UnsupportedError` that lists all of it. With `start: "background"` it resolves as soon as the adapters are loaded, and `health()` tells the rest.
   */
  open(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new ClosedError("The bus is closed; make a new one."));
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<void> {
    const links = [...this.#links.values()];
    await loadAll(links);
    if (this.#settings.start === "background") {
      for (const link of links) void link.openInBackground().catch(() => undefined);
      return;
    }
    const results = await Promise.allSettled(links.map((link) => link.open(this.#settings.connectTimeoutMs)));
    const failed = results.find((result) => result.status === "rejected");
    // The others stay open: another call opens the rest, and close() closes all.
    if (failed !== undefined) throw failed.reason;
    const needs = unmetConfigNeeds(this.#settings, (name) => this.#link(name).supports);
    if (needs.length > 0) throw new UnsupportedError(needs);
  }

  /**
   * Publishes one message. Resolves once the broker has confirmed it; that nobody subscribes is no failure. Rejects with a `BusError`
   * within `timeoutMs`: malformed arguments and what the broker cannot do before anything is sent, `BUSBAR_OUTCOME_UNKNOWN` when the
   * connection was lost before the confirm and did not come back in time. Messages of one topic and key reach
   * the broker in the order of the calls.
   */
  publish<Payload, Params>(
    topic: Topic<Payload, Params>,
    payload: Payload,
    options?: PublishOptions & { readonly params?: Params },
  ): Promise<Receipt>;
  publish(topic: string, payload: unknown, options?: PublishOptions): Promise<Receipt>;
  publish(topic: string | Topic, payload: unknown, options: PublishOptions = {}): Promise<Receipt> {
    // No async function: its promise and its waiting would cost a third of what the bus adds to a publish.
    try {
      const name = isTopic(topic) ? concreteTopic(topic, options.params) : topic;
      assertTopic(name);
      checkPublishOptions(name, options);
      if (!isTopic(topic) && options.params !== undefined)
        throw new InvalidArgumentError(`publish("${name}"): params are for a topic made by topic(), not for a text.`, {
          topic: name,
        });
      const link = this.#link(this.#routing.brokerOf(name, options.broker).name);
      this.#assertUsable();
      if (!link.loaded) return link.load().then(() => this.publish(topic as string, payload, options));
      const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
      if (typeof topic === "string") {
        if (!this.#turns.isTaken(name)) return this.#send(name, payload, options.key, options, link);
        return this.#turns.take(name, undefined, timeoutMs, (_, leftMs) =>
          this.#send(name, payload, options.key, { ...options, timeoutMs: leftMs }, link),
        );
      }
      const needs =
        topic.requires.length === 0 ? [] : unmetRequirements(`publish("${name}")`, topic.requires, link.supports);
      if (needs.length > 0) throw new UnsupportedError(needs, { topic: name, broker: link.name });
      const send = (value: unknown, within: PublishOptions = options): Promise<Receipt> =>
        this.#send(name, value, options.key ?? keyOf(topic, value, name), within, link);
      const value = topic.schema === undefined ? payload : validated(topic.schema, payload, name);
      if (!(value instanceof Promise || this.#turns.isTaken(name))) return send(value);
      return this.#turns.take(name, value, timeoutMs, (checked, leftMs) =>
        send(checked, { ...options, timeoutMs: leftMs }),
      );
    } catch (error) {
      return rejected(error);
    }
  }

  #send(
    topic: string,
    payload: unknown,
    key: string | undefined,
    options: PublishOptions,
    link: BrokerLink,
  ): Promise<Receipt> {
    const record = folded(
      outgoingRecord(topic, payload, key, options, link, this.#codecs),
      this.#routing.addressOf(topic, link.settings),
    );
    const sent = link.publishes.send(record, options.timeoutMs ?? defaultTimeoutMs, options.signal);
    if (options.requireSubscriber !== true) return sent;
    return sent.then((receipt) => {
      if (receipt.routed === false) throw new NoSubscriberError(topic, { broker: link.name });
      return receipt;
    });
  }

  /**
   * Publishes several messages to one topic, in order. Resolves to a result for each, in the same order: one that fails fails alone.
   * Rejects only for a malformed topic.
   */
  async publishBatch(topic: string | Topic, entries: readonly BatchEntry[]): Promise<readonly PublishResult[]> {
    if (!isTopic(topic)) assertTopic(topic);
    const results = await Promise.allSettled(
      entries.map(({ payload, ...options }) => this.publish(topic as string, payload, options)),
    );
    return results.map((result) =>
      result.status === "fulfilled"
        ? { ok: true, receipt: result.value }
        : { ok: false, error: result.reason as Error },
    );
  }

  /**
   * Subscribes a handler. Resolves when a message published from now on would be received (with `start: "background"` at once: then
   * `subscription.ready` tells). Rejects with an `UnsupportedError` that lists every need the broker does not meet.
   */
  subscribe<Payload, Params>(
    filter: Topic<Payload, Params>,
    options: SubscribeOptions & { readonly settle: "manual" },
    handler: ManualHandler<Payload, Params>,
  ): Promise<Subscription>;
  subscribe<Payload = unknown>(
    filter: string,
    options: SubscribeOptions & { readonly settle: "manual" },
    handler: ManualHandler<Payload>,
  ): Promise<Subscription>;
  subscribe<Payload, Params>(filter: Topic<Payload, Params>, handler: Handler<Payload, Params>): Promise<Subscription>;
  subscribe<Payload, Params>(
    filter: Topic<Payload, Params>,
    options: SubscribeOptions,
    handler: Handler<Payload, Params>,
  ): Promise<Subscription>;
  subscribe<Payload = unknown>(filter: string, handler: Handler<Payload>): Promise<Subscription>;
  subscribe<Payload = unknown>(
    filter: string,
    options: SubscribeOptions,
    handler: Handler<Payload>,
  ): Promise<Subscription>;
  async subscribe(
    filter: string | Topic,
    optionsOrHandler: SubscribeOptions | AnyHandler,
    handler?: AnyHandler,
  ): Promise<Subscription> {
    this.#assertUsable();
    const { options, handle } = optionsAndHandler<SubscribeOptions, AnyHandler>(
      "subscribe",
      filter,
      optionsOrHandler,
      handler,
    );
    const plan = await this.#plan({ filter, options });
    if (plan.needs.length > 0)
      throw new UnsupportedError(plan.needs, { topic: plan.filter.canonical, broker: plan.brokers });
    const parts = {
      filter: plan.filter,
      group: plan.options.group,
      maxInFlight: plan.options.maxInFlight,
      sources: plan.sources,
      intake: plan.intake(handle as Handler),
      signal: plan.options.signal,
    };
    return this.#start(parts, this.#joined(plan));
  }

  async #start(
    parts: Omit<ConstructorParameters<typeof Subscription>[0], "ended">,
    onEnd: () => void = () => undefined,
  ): Promise<Subscription> {
    const subscription = new Subscription({ ...parts, ended: (ended) => void this.#subscriptions.delete(ended) });
    this.#subscriptions.add(subscription);
    subscription.onEnd(onEnd);
    if (this.#settings.start !== "background") await subscription.ready;
    return subscription;
  }

  /**
   * Subscribes a handler of batches: it gets an array of at most `maxSize` messages, `maxWaitMs` after the first at the latest, one batch at
   * a time. Only the messages that fail are retried. The messages of a batch that runs longer than `handlerTimeoutMs` are aborted, which counts as a
   * failure, and 30 s later the next batch waits for it no longer. With `order: "key"` a batch has at most one message of each key.
   */
  async subscribeBatch<Payload = unknown>(
    filter: string | Topic<Payload>,
    options: BatchOptions,
    handler: BatchHandler<Payload>,
  ): Promise<Subscription> {
    const { maxSize: _maxSize, maxWaitMs: _maxWaitMs, ...rest } = options;
    const name = isTopic(filter) ? filter.pattern : (filter as string);
    refuse("subscribeBatch()", options, ["concurrency", "settle"]);
    this.#assertUsable();
    const plan = await this.#plan({ filter: filter as string, options: rest });
    const collector = new BatchCollector(name, options, plan.options.handlerTimeoutMs, handler);
    const manual = { ...rest, settle: "manual", concurrency: collector.maxSize } as const;
    const subscription = await this.subscribe<Payload>(filter as string, manual, collector.take);
    subscription.onEnd(() => collector.end());
    return subscription;
  }

  /**
   * Subscribes and gives the messages one by one, each to be settled by hand: `for await (const { payload, message } of await
   * bus.messages("order.*", { group: "billing" })) { …; message.ack(); }`. Ends when the bus or the stream is closed,
   * and with an error when the subscription has failed for good.
   */
  async messages<Payload = unknown>(
    filter: string | Topic<Payload>,
    options: Omit<SubscribeOptions, "settle"> = {},
  ): Promise<MessageStream<Payload>> {
    refuse("messages()", options, ["settle"]);
    const stream = new MessageStream<Payload>();
    const subscription = await this.subscribe<Payload>(
      filter as string,
      { ...options, settle: "manual" },
      (payload, message) => stream.push({ payload, message }),
    );
    subscription.onEnd((failure) => stream.end(failure));
    return stream.attach(subscription);
  }

  /**
   * Deletes a durable subscription for good, with everything that its broker keeps for it: queue, consumer, group or session. Nothing else
   * does. Harmless when it does not exist: nothing is made for it. Nothing of it is received either, on the brokers of this project; an adapter that cannot
   * remove what it does not read may deliver a message that waits once more, to nobody, when it is rejected.
   */
  async forget({
    filter,
    ...options
  }: {
    readonly filter: string;
    readonly group?: string;
    readonly broker?: string;
  }): Promise<void> {
    this.#assertUsable();
    const plan = await this.#plan({ filter, options: { ...options, durable: true } });
    for (const { link, request } of plan.sources) {
      await link.openInBackground();
      await forgetAt(link.broker, request);
    }
  }

  /**
   * Sends a request and resolves to the decoded answer. Rejects with `RemoteError` when the handler that took it failed, with `TimeoutError`
   * when nobody answered in time, with `NoSubscriberError` at once where the broker can tell that nobody responds. A
   * request is taken at most once; one that has expired is never executed.
   *
   * @param options.timeoutMs In milliseconds. @default 30_000
   */
  async request<Answer = unknown>(topic: string, payload: unknown, options: RequestOptions = {}): Promise<Answer> {
    assertTopic(topic);
    this.#assertUsable();
    checkRequestOptions(topic, options);
    const { timeoutMs = defaultTimeoutMs, signal, broker, ...rest } = options;
    const link = this.#link(this.#routing.brokerOf(topic, broker).name);
    await link.load();
    this.#assertReplies(`request("${topic}")`, [link]);
    const sent: PublishOptions = { ...rest, delivery: "at-most-once" };
    const record = outgoingRecord(topic, payload, options.key, sent, link, this.#codecs);
    const answer = await this.#requester(link).request(record, timeoutMs, signal);
    return this.#codecs.decode(answer.body, answer.contentType) as Answer;
  }

  /**
   * Answers requests: what the handler returns is the answer, what it throws rejects the request. Resolves when a request made from now on
   * would be answered. Each request goes to one member of the group (the service, unless another is named).
   */
  respond<Payload = unknown>(filter: string, handler: Handler<Payload>): Promise<Subscription>;
  respond<Payload = unknown>(filter: string, options: RespondOptions, handler: Handler<Payload>): Promise<Subscription>;
  async respond(
    filter: string,
    optionsOrHandler: RespondOptions | Handler<never>,
    handler?: Handler<never>,
  ): Promise<Subscription> {
    this.#assertUsable();
    const { options, handle } = optionsAndHandler<RespondOptions, Handler<never>>(
      "respond",
      filter,
      optionsOrHandler,
      handler,
    );
    const parsed = parseFilter(filter);
    const names = new Set(this.#routing.sourcesOf(parsed, options.broker).map((source) => source.broker));
    const links = [...names].map((name) => this.#link(name));
    await loadAll(links);
    this.#assertReplies(`respond("${filter}")`, links);
    const plan = planResponder(parsed, options, handle as Handler, links, this.#context());
    return this.#start({ filter: parsed, signal: options.signal, ...plan });
  }

  /**
   * Checks declared subscriptions without making them: every need of all of them that a broker does not meet, in one list. Rejects with
   * an `InvalidArgumentError` for a malformed one.
   */
  async unmetNeeds(declarations: readonly SubscriptionDeclaration[]): Promise<readonly UnmetNeed[]> {
    const plans = await Promise.all(declarations.map((declaration) => this.#plan(declaration)));
    return plans.flatMap((plan) => plan.needs);
  }

  /**
   * The dead letters of a group, on every broker of the bus that keeps any, since they are kept where the message came from. Rejects with an
   * `UnsupportedError`, when they are asked for, where none does; throws an `InvalidArgumentError` for a broker that there is not, and for what cannot be a group.
   *
   * @param group Of subscriptions without a group it is the service's name. @default the service
   * @param options.broker The one broker to look at, by its name in the configuration. @default all of them
   */
  deadLetters(group: string = this.#settings.service, options: { readonly broker?: string } = {}): DeadLetters {
    const problem = groupProblem(group);
    if (problem !== undefined) throw new InvalidArgumentError(`deadLetters(): ${problem}.`);
    const links = options.broker === undefined ? [...this.#links.values()] : [this.#link(options.broker)];
    return new DeadLetters(
      group,
      () => shelvesOf(links, group),
      (record, letter, shelf) => {
        const target = this.#link(this.#routing.brokerOf(record.topic, this.#originOf(letter, shelf)).name);
        const address = this.#routing.addressOf(record.topic, target.settings);
        return target.publishes.send(folded(record, address), defaultTimeoutMs, undefined);
      },
    );
  }

  /** The broker that a dead letter has to go back to, where the routes do not say. One of another configuration is as good as the one that it lies on. */
  #originOf({ broker }: DeadLetter, shelf: DeadLetterShelf): string | undefined {
    return broker === undefined || this.#links.has(broker) ? broker : shelf.broker;
  }

  /** How the bus and everything in it is. Never throws, holds no secrets, waits for nobody. */
  health(): BusHealth {
    return healthOf([...this.#links.values()], [...this.#subscriptions]);
  }

  /**
   * The client library's own object, of the first broker or the one that is named: for what the bus does not offer. Throws before the bus is
   * open, with most adapters also while there is no connection, and an `InvalidArgumentError` for a broker that there is not.
   *
   * @typeParam Client What it is, which a configuration cannot tell the compiler. Each adapter exports the type: `MqttNativeClient`,
   *   `AmqpNativeClient`, `KafkaNativeClient`, `NatsNativeClient`, `RedisNativeClient`, and core `MemoryNativeClient`. Nothing checks it.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Said here once, so that no caller has to cast.
  native<Client = unknown>(broker?: string): Client {
    return this.#link(broker ?? this.#settings.brokers[0]?.name ?? "").broker.native as Client;
  }

  /**
   * Drains and closes: subscriptions take no more, running handlers end, acknowledgements and publishes are written, then the
   * connections close. At the deadline `message.signal` aborts, and what is left goes back to its broker unharmed. Calling it again
   * gives the same promise.
   *
   * @param options.deadlineMs In milliseconds. @default 20_000
   */
  close(options: DrainOptions = {}): Promise<void> {
    const deadlineMs = deadlineOf("close()", options);
    if (typeof deadlineMs !== "number") return Promise.reject(deadlineMs);
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(deadlineMs: number): Promise<void> {
    const until = performance.now() + deadlineMs;
    const ends = await Promise.allSettled([...this.#subscriptions].map((one) => one.close({ deadlineMs })));
    // One that is being removed may be refused, which whoever removes it hears; the others and the brokers are closed all the same.
    for (const end of ends) {
      if (end.status === "rejected")
        this.#settings.logger.warn(`A subscription did not end in order: ${messageOf(end.reason)}`);
    }
    await Promise.all([...this.#requesters.values()].map((requester) => requester.close()));
    const over = new AbortController();
    const links = [...this.#links.values()];
    const left = Math.max(0, until - performance.now());
    await Promise.race([Promise.all(links.map((link) => link.publishes.idle())), pause(left, over.signal)]);
    over.abort();
    await Promise.all(links.map((link) => link.close()));
  }

  async #plan({ filter, options = {} }: SubscriptionDeclaration): Promise<SubscriptionPlan> {
    const parsed = isTopic(filter) ? filter.filter : parseFilter(filter);
    // Its own brokers, and those that its dead letters may go to: what is declared there counts before anything is open.
    await loadAll([...this.#links.values()]);
    if (!isTopic(filter)) return planSubscription(parsed, undefined, options, this.#context());
    const requires = [...filter.requires, ...(options.requires ?? [])];
    return planSubscription(parsed, filter.schema, { ...options, requires }, this.#context());
  }

  #context(): PlanContext {
    return {
      settings: this.#settings,
      routing: this.#routing,
      codecs: this.#codecs,
      sweep: this.#sweep,
      link: (name) => this.#link(name),
    };
  }

  #requester(link: BrokerLink): Requester {
    let requester = this.#requesters.get(link.name);
    if (requester === undefined) {
      const { service, instance } = this.#settings;
      requester = new Requester(link, this.#sweep, { service, member: memberName(service, instance) });
      this.#requesters.set(link.name, requester);
    }
    return requester;
  }

  #assertReplies(subject: string, links: readonly BrokerLink[]): void {
    for (const link of links) {
      const needs = unmetRequestNeeds(subject, link.supports);
      if (needs.length > 0) throw new UnsupportedError(needs, { broker: link.name });
    }
  }

  /** Counts the subscription among those of its group, and warns where it overlaps one of them. Returns what takes it out again. */
  #joined({ filter, options: { group } }: SubscriptionPlan): () => void {
    if (group === undefined) return () => undefined;
    const other = this.#groupFilters.overlapOf(group, filter);
    if (other !== undefined)
      this.#settings.logger.warn(
        `Group "${group}" subscribes to "${other}" and to "${filter.canonical}", which overlap: it gets some messages twice, once for each.`,
      );
    this.#groupFilters.add(group, filter);
    return () => this.#groupFilters.remove(group, filter);
  }

  #link(name: string): BrokerLink {
    // The names of the configuration are the links' names, so only an unknown one goes on, to be refused.
    return this.#links.get(name) ?? (this.#links.get(this.#routing.named(name).name) as BrokerLink);
  }

  #assertUsable(): void {
    if (this.#closing !== undefined) throw new ClosedError("The bus is closed; make a new one.");
    if (this.#opening === undefined)
      throw new ClosedError("The bus is not open yet; call open() first, or use connect().");
  }
}

/** Loads their adapters; rejects with all that is wrong with any of them. */
async function loadAll(links: readonly BrokerLink[]): Promise<void> {
  const results = await Promise.allSettled(links.map((link) => link.load()));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failures.length > 0) throw together(failures);
}

/** Where brokers keep dead letters, or an `UnsupportedError` where none of them does. */
function shelvesOf(links: readonly BrokerLink[], group: string): readonly DeadLetterShelf[] {
  const shelves = links.flatMap((link): DeadLetterShelf[] => {
    const store = link.supports.deadLetters === "unsupported" ? undefined : link.broker.deadLetters;
    const headersCarried = link.supports.headers !== "unsupported";
    return store === undefined ? [] : [{ broker: link.name, store, headersCarried }];
  });
  if (shelves.length > 0) return shelves;
  const detail = "it keeps no dead letters; set deadLetter: { broker } to one that does.";
  throw new UnsupportedError([{ capability: "deadLetters", subject: `deadLetters("${group}")`, detail }], {
    broker: links.map(({ name }) => name).join(", "),
  });
}

/** Refuses options that the call decides by itself, which the types do not let through. */
function refuse(call: string, options: object, decided: readonly string[]): void {
  const given = decided.filter((name) => name in options);
  if (given.length > 0)
    throw new InvalidArgumentError(`${call}: ${given.join(" and ")} cannot be chosen here; leave it out.`);
}
