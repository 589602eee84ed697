import type { BrokerStatus, Delivery, Subscriber, SubscribeRequest } from "@busbar/core/contract";
import { atMost, backoffDelayMs, BusError, pause, reconnectPolicy } from "@busbar/core/driver";
import { bounded } from "./bounded.ts";
import { classify, closedError, coordinatorIsComing, isRebalance, tookTooLong, topicIsGone } from "./classify.ts";
import type { AssignedPartition, ClientMember, KafkaClient } from "./client.ts";
import type { Control } from "./control.ts";
import { Deferred } from "./deferred.ts";
import { Deliveries } from "./deliveries.ts";
import type { Gap } from "./deliveries.ts";
import type { KafkaSettings } from "./options.ts";
import { keyOf, startingPositions } from "./starting-positions.ts";
import { offsetsTopic, topicName } from "./topic.ts";
import { SubscriptionNews } from "./subscription-news.ts";
import type { Topics } from "./topics.ts";

/** What a subscriber shares with its broker. */
export interface SubscriberContext {
  readonly client: KafkaClient;
  readonly control: Control;
  readonly topics: Topics;
  readonly settings: KafkaSettings;
  readonly tell: (status: BrokerStatus) => void;
  readonly onOpened: (subscriber: KafkaSubscriber) => void;
  readonly onClosed: (subscriber: KafkaSubscriber) => void;
}

/** How long a close may wait for acknowledgements, and then for the goodbye to the group. */
const closeBoundMs = 2_000;

/**
 * One subscription: one member of the consumer group `request.name`. The member is taken for what a connection is elsewhere: when
 * it is lost, what is out is stale, and another one is made, with backoff, for ever.
 */
export class KafkaSubscriber implements Subscriber {
  readonly #context: SubscriberContext;
  readonly #request: SubscribeRequest;
  readonly #deliveries: Deliveries;
  readonly #news: SubscriptionNews;
  readonly #ending = new AbortController();
  /** Places that this process has held, so that one that is gone shows. */
  readonly #held = new Set<string>();
  #member: ClientMember | undefined;
  #topics: readonly string[] = [];
  /** Counts members; what comes from a former one is not listened to. */
  #epoch = 0;
  /** Counts assignments; a rebalance ends what the one before began. */
  #joins = 0;
  #known = false;
  #stopped = false;
  /** It was told that it will not come back. */
  #failed = false;
  #lastMemberId: string | undefined;
  #work: Promise<void> | undefined;
  #poll: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  private constructor(context: SubscriberContext, request: SubscribeRequest, sink: (delivery: Delivery) => void) {
    const { native } = context.settings;
    this.#context = context;
    this.#request = request;
    this.#news = new SubscriptionNews(request, context.tell);
    this.#deliveries = new Deliveries({
      request,
      sink,
      commit: (offsets) =>
        this.#member?.commit(offsets) ?? Promise.reject(closedError("The subscription's connection")),
      commitIntervalMs: native.commitIntervalMs,
      heartbeatIntervalMs: native.heartbeatIntervalMs,
      onUnwritten: (delivery) => this.#news.unwritten(delivery),
      onRevoked: (positions) => this.#news.revoked(positions),
      onGap: (gap) => void this.#explainGap(gap),
    });
  }

  /** Resolves once the group has a place in every partition; nothing is left behind when that fails. */
  static async start(
    context: SubscriberContext,
    request: SubscribeRequest,
    sink: (delivery: Delivery) => void,
  ): Promise<KafkaSubscriber> {
    const subscriber = new KafkaSubscriber(context, request, sink);
    context.onOpened(subscriber);
    try {
      await subscriber.#build();
    } catch (error) {
      subscriber.#ending.abort();
      context.onClosed(subscriber);
      throw classify(error, { doing: `Subscribing to "${request.filter}"`, topic: request.filter });
    }
    subscriber.#watchTopics();
    return subscriber;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#deliveries.stop();
    this.#member?.hold();
  }

  flush(): Promise<void> {
    return this.#deliveries.flush();
  }

  pause(): void {
    this.#deliveries.pause();
  }

  resume(): void {
    this.#deliveries.resume();
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close().finally(() => this.#context.onClosed(this)));
  }

  async remove(): Promise<void> {
    await this.close();
    await this.#deleteGroup();
  }

  async #close(): Promise<void> {
    const { durable, group } = this.#request;
    await atMost(closeBoundMs, this.stop());
    clearInterval(this.#poll);
    this.#ending.abort(closedError("The subscription"));
    await atMost(closeBoundMs, this.#work ?? Promise.resolve());
    const member = this.#member;
    if (member !== undefined) {
      await atMost(closeBoundMs, this.#deliveries.flush());
      this.#forgetMember();
      await member.leave(closeBoundMs);
    }
    if (durable || group !== undefined) return;
    // Without a connection it stays until the broker's offsets.retention.minutes are over.
    await atMost(closeBoundMs, this.#deleteGroup());
  }

  #deleteGroup(): Promise<void> {
    return deleteGroup(this.#context, this.#request, this.#lastMemberId);
  }

  /**
   * Makes a member. A topic that is deleted between being found and being subscribed to is found anew, and a coordinator that has just
   * come up, and is still loading the group, is waited for: kafkajs gives up on it at once.
   */
  async #build(): Promise<void> {
    const { signal } = this.#ending;
    const until = Date.now() + this.#context.settings.connectTimeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#buildOnce();
      } catch (error) {
        const again = this.#topicsMayChange(error) ? attempt <= 2 : coordinatorIsComing(error) && Date.now() < until;
        if (!again || signal.aborted) throw error;
        await pause(backoffDelayMs(attempt, reconnectPolicy), signal);
      }
    }
  }

  #topicsMayChange(cause: unknown): boolean {
    return topicIsGone(cause) && (this.#request.filter.includes("*") || this.#context.settings.topology === "create");
  }

  /** Waits until the member has begun and its client runs. Rejects, with nothing left, when that fails, or the member is lost before. */
  async #buildOnce(): Promise<void> {
    const { client, settings } = this.#context;
    const topics = await this.#findTopics();
    this.#topics = topics;
    if (topics.length === 0) return this.#leaveMark();
    const epoch = ++this.#epoch;
    const begun = new Deferred();
    const ready = new Deferred();
    const lost = (error: Error): void => {
      if (!ready.reject(error)) this.#lost(epoch, error);
    };
    const boundMs = settings.connectTimeoutMs + settings.native.rebalanceTimeoutMs;
    const joining = client.joinGroup({
      groupId: this.#request.name,
      topics,
      replaces: this.#lastMemberId,
      signal: this.#ending.signal,
      onLost: lost,
      handlers: {
        leaving: (member) => (epoch === this.#epoch ? this.#leave(member) : Promise.resolve()),
        joined: (member, assigned) => {
          if (epoch === this.#epoch) void this.#begin(member, assigned, begun, lost);
        },
        batch: (batch) => (epoch === this.#epoch ? this.#deliveries.take(batch) : Promise.resolve()),
      },
    });
    Promise.all([joining, begun.promise]).then(
      () => ready.resolve(),
      (error: unknown) => ready.reject(error as Error),
    );
    try {
      await bounded(
        ready.promise,
        boundMs,
        () => tookTooLong("Joining the consumer group", boundMs, this.#request.filter),
        this.#ending.signal,
      );
    } catch (error) {
      joining.then(
        (member) => member.close(),
        () => {},
      );
      this.#dropMember();
      throw error;
    }
  }

  /**
   * A wildcard that nothing fits yet has no partition to hold a place in. A place in Kafka's own topic says that the group was
   * there, so that after a restart the topics made meanwhile begin at their first message.
   */
  async #leaveMark(): Promise<void> {
    const { name, durable, group, filter } = this.#request;
    const mark = { topic: offsetsTopic, partition: 0, offset: 0 };
    if (!durable && group === undefined) return;
    // Other members may be there, and the user may lack the right; the subscription itself needs no mark.
    await this.#context.control
      .ask(`Subscribing to "${filter}"`, (control) => control.commitFor(name, [mark]), filter)
      .catch(() => {});
  }

  /** The group has given out its partitions: finds where to go on, and goes on. */
  async #begin(
    member: ClientMember,
    assigned: readonly AssignedPartition[],
    begun: Deferred,
    lost: (error: Error) => void,
  ): Promise<void> {
    const join = ++this.#joins;
    this.#member = member;
    try {
      // In this order: see startingPositions.
      const bounds = await member.bounds();
      const committed = await member.committed();
      const plan = startingPositions({
        bounds,
        committed,
        assigned,
        known: this.#known,
        startFrom: this.#request.startFrom,
      });
      if (plan.commit.length > 0) await member.commit(plan.commit);
      if (join !== this.#joins) return;
      for (const place of plan.lost) this.#news.positionLost(place, "its committed place is outside the log");
      for (const place of plan.commit) {
        if (this.#held.has(keyOf(place))) this.#news.positionLost(place, "its committed place was gone");
      }
      for (const place of plan.start) this.#held.add(keyOf(place));
      this.#known = true;
      this.#deliveries.begin(plan.start);
      if (!this.#stopped) member.start(plan.start);
      begun.resolve();
    } catch (error) {
      // After a rebalance the client joins again, and comes back here.
      if (join !== this.#joins || isRebalance(error)) return;
      lost(error as Error);
    }
  }

  /** The partitions are about to go to others: waits for what runs, within bounds, so that it is not run twice. */
  async #leave(member: ClientMember): Promise<void> {
    this.#joins++;
    if (!this.#deliveries.active) return;
    await this.#deliveries.finish(this.#context.settings.native.revokeWaitMs, () => member.beat());
    this.#deliveries.end();
  }

  #lost(epoch: number, error: Error): void {
    if (epoch !== this.#epoch || this.#ending.signal.aborted) return;
    this.#dropMember();
    this.#news.connected(false, error);
    this.#alone(() => this.#recover());
  }

  async #recover(): Promise<void> {
    const { filter } = this.#request;
    const { signal } = this.#ending;
    for (let attempt = 1; !signal.aborted; attempt++) {
      await pause(backoffDelayMs(attempt, reconnectPolicy), signal);
      if (signal.aborted) return;
      try {
        await this.#build();
        return this.#news.connected(true);
      } catch (cause) {
        const error = classify(cause, { doing: `Subscribing to "${filter}" again`, topic: filter });
        if (error.retryable || this.#topicsMayChange(cause) || signal.aborted) continue;
        this.#failed = true;
        clearInterval(this.#poll);
        return this.#news.fatal(error);
      }
    }
  }

  /** kafkajs finds the topics of a wildcard once, and the adapter sees to new ones. */
  #watchTopics(): void {
    if (!this.#request.filter.includes("*") || this.#ending.signal.aborted) return;
    const { native } = this.#context.settings;
    this.#poll = setInterval(() => this.#alone(() => this.#regroup()), native.topicPollMs);
  }

  /** Joins anew when other topics fit than before. Nothing is lost: the group keeps its places, and new topics begin at their first message. */
  async #regroup(): Promise<void> {
    if (this.#stopped) return;
    const topics = await this.#findTopics().catch(() => this.#topics);
    if (topics.join() === this.#topics.join() || this.#stopped) return;
    const member = this.#member;
    this.#known = true;
    if (member !== undefined) {
      await this.#leave(member);
      this.#forgetMember();
      await member.leave(closeBoundMs);
    }
    try {
      await this.#build();
      this.#news.connected(true);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#news.connected(false, error);
      await this.#recover();
    }
  }

  async #findTopics(): Promise<readonly string[]> {
    const { filter } = this.#request;
    if (filter.includes("*")) return this.#context.topics.matching(filter);
    const name = topicName(filter);
    // What failed may have failed because the topic is gone.
    if (this.#lastMemberId !== undefined) this.#context.topics.forget(name);
    await this.#context.topics.ensure(name);
    return [name];
  }

  /** Records that are missing were compacted away, or they were deleted before they were read. */
  async #explainGap({ topic, partition, expected, found }: Gap): Promise<void> {
    const place = { topic, partition };
    if (found < expected) return this.#news.positionLost(place, "the log was cut or made anew");
    const bounds = await this.#member?.bounds().catch(() => undefined);
    const low = bounds?.find((entry) => entry.topic === topic && entry.partition === partition)?.low;
    if (low !== undefined && low > expected)
      this.#news.positionLost(place, "messages were deleted before they were read");
  }

  #dropMember(): void {
    this.#member?.close();
    this.#forgetMember();
  }

  #forgetMember(): void {
    this.#epoch++;
    this.#joins++;
    this.#lastMemberId = this.#member?.id ?? this.#lastMemberId;
    this.#member = undefined;
    this.#deliveries.end();
  }

  /** One change of the member at a time; where it leaves none, because the member was lost meanwhile, the next one makes one. */
  #alone(work: () => Promise<void>): void {
    if (this.#work !== undefined || this.#ending.signal.aborted) return;
    this.#work = work().finally(() => {
      this.#work = undefined;
      if (this.#member === undefined && this.#topics.length > 0 && !this.#failed) this.#alone(() => this.#recover());
    });
  }
}

function isRetryable(error: unknown): boolean {
  return BusError.is(error) && error.retryable;
}

/**
 * Deletes the consumer group of a subscription. Once more where the connection is lost meanwhile, since what cut the member off has often cut this one a
 * moment later, and until the group has a coordinator that knows it.
 */
export async function deleteGroup(
  { control, settings }: Pick<SubscriberContext, "control" | "settings">,
  { name, filter }: SubscribeRequest,
  lastMemberId?: string,
): Promise<void> {
  const until = Date.now() + settings.connectTimeoutMs;
  for (let attempt = 1; ; attempt++) {
    try {
      const doing = `Deleting the consumer group "${name}"`;
      return await control.ask(doing, (on) => on.deleteGroup(name, lastMemberId), filter);
    } catch (error) {
      const isComing = coordinatorIsComing(error);
      if (isComing ? Date.now() >= until : attempt > 1 || !isRetryable(error)) throw error;
      if (isComing) await pause(backoffDelayMs(attempt, reconnectPolicy));
    }
  }
}
