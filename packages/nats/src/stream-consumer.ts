import { createInbox } from "@nats-io/nats-core";
import type { ConsumerInfo } from "@nats-io/jetstream";
import type { Msg, Subscription } from "@nats-io/nats-core";
import type { SubscribeRequest } from "@busbar/core/contract";
import { atMost, oncePerTurn } from "@busbar/core/driver";
import { Arrivals } from "./arrivals.ts";
import { ConsumerAdvisories } from "./consumer-advisories.ts";
import type { Connection } from "./connection.ts";
import { inactivityMs, postponedUntil } from "./consumers.ts";
import type { Beginning, Consumers } from "./consumers.ts";
import { parseDeliveryInfo } from "./delivery-info.ts";
import type { DeliveryInfo } from "./delivery-info.ts";
import type { NatsSettings } from "./options.ts";
import { isRecallable, recallSubjects, releaseAll } from "./recovery.ts";
import type { StreamPlace } from "./streams.ts";
import { ArrivedMessage, replyBytes } from "./wire-message.ts";

/** A message that is to be given back: its place in its stream, and where to say so. */
export interface Returned {
  readonly sequence: number;
  readonly ackSubject: string;
}

/** What a consumer tells its subscription. None of these may throw. */
export interface StreamConsumerHost {
  readonly connection: Connection;
  readonly settings: NatsSettings;
  readonly consumers: Consumers;
  readonly request: SubscribeRequest;
  /** The subject pattern of the subscription. */
  readonly pattern: string;
  /** How many messages this consumer may have asked for or brought, unsettled. */
  share(): number;
  /** False while nothing more is to be fetched. */
  wants(): boolean;
  /** @param again The message was delivered before, whatever the server counts. */
  arrived(consumer: StreamConsumer, message: ArrivedMessage, info: DeliveryInfo, again: boolean): void;
  /** The consumer, or its stream, is not there any more or does not answer. */
  broken(reason: string): void;
  /** Messages may have been missed or come again. */
  positionLost(reason: string): void;
}

/** How long a pull waits at the server for messages, in milliseconds. */
const pullExpiresMs = 30_000;
/** How often the server says that a waiting pull is still there, in milliseconds. */
const heartbeatMs = 5_000;
/** How much longer than a lease it may take until what was lost comes again, in milliseconds. */
const lateMs = 1_000;
/** How long a consumer that ends waits for a server that may say nothing any more, in milliseconds. */
const drainTimeoutMs = 2_000;
/** Each but the first is for at least a quarter of the credit. */
const pullsRemembered = 8;
/** Free credit that does not wait for the end of the turn: one turn may read thousands of messages, and the server would have nothing to send. */
const muchCredit = 64;
/** How far apart two times of making may be to mean the same consumer: after its first restart nats-server 2.9 says that it was made some microseconds later. */
const sameCreationMs = 1_000;
const nanos = 1_000_000;
const encoder = new TextEncoder();

/**
 * One pull consumer of JetStream, on one stream. It asks for as many messages as there is credit for and no more, which is
 * what holds the broker back, and notices by missing heartbeats when its requests are lost.
 */
export class StreamConsumer {
  readonly stream: string;
  /** How many messages it has brought that are unsettled. */
  unsettled = 0;
  /** How long the server waits for a settlement, in milliseconds. */
  leaseMs: number;
  /** True where the filter takes several parts of the stream, so that the consumer reads all of it. */
  readsAll = false;
  readonly #host: StreamConsumerHost;
  #subscription: Subscription | undefined;
  readonly #advisories = new ConsumerAdvisories();
  /** After how many deliveries it does so, of a consumer of somebody else's; below 1 never. */
  #maxDeliver = -1;
  #inbox = "";
  /** How many messages the server was asked for and has not sent. */
  #requested = 0;
  /** How many it may have sent to pulls that nobody listens for any more. */
  #swallowed = 0;
  readonly #arrivals = new Arrivals();
  /** Until when, by `performance.now()`, and up to which sequence what may be lost has to come again before anything later. */
  #held: { readonly until: number; readonly behind: number } | undefined;
  #looking = false;
  /** The servers keep it, and one of them leads. */
  #isReplicated = false;
  /** True while it is found out what became of its requests under another leader. */
  #following = false;
  #pulls = new Map<string, number>();
  #pullCount = 0;
  #pulledAt = 0;
  /** When something came, as far as the last tick has seen. */
  #heardAt = 0;
  #heard = false;
  #streamCreated: string | undefined;
  #consumerCreated: string | undefined;
  /** Where the consumer would have to begin if it had to be made again. */
  #resumeAt = 1;
  /** The latest message that it has brought, by its place in the stream. */
  #latest = 0;
  readonly #pullSoon = oncePerTurn(() => this.pull());

  constructor(host: StreamConsumerHost, stream: string) {
    this.#host = host;
    this.stream = stream;
    this.leaseMs = host.settings.ackWaitMs;
  }

  /** Finds or makes the consumer at the server; `read` begins to fetch. A second call brings it back to where it was. */
  async start(place: StreamPlace, beginning: Beginning): Promise<void> {
    const { consumers, request, pattern } = this.#host;
    const known = this.#streamCreated !== undefined;
    const sameStream = this.#streamCreated === place.created;
    this.mute();
    // Being asked, the server drops the pulls that nobody listens for any more.
    let info = await consumers.find(this.stream, request.name);
    const isSame = info !== undefined && this.#isSame(info);
    if (info === undefined) {
      const from = !known ? beginning : sameStream ? { sequence: this.#resumeAt } : "earliest";
      info = await consumers.make(request, place, pattern, from);
      if (known) {
        this.#host.positionLost(
          `The consumer ${request.name} of the stream ${this.stream} was gone; it was made again ` +
            `${typeof from === "object" ? `from sequence ${from.sequence}` : "from the beginning of a new stream"}.`,
        );
      }
    } else {
      if (this.#consumerCreated !== undefined && !isSame) {
        this.#host.positionLost(
          `The consumer ${request.name} of the stream ${this.stream} was made anew by somebody else.`,
        );
      }
      await consumers.deliverForEver(info);
    }
    this.#maxDeliver = this.#host.settings.topology === "create" ? -1 : (info.config.max_deliver ?? -1);
    this.leaseMs = (info.config.ack_wait ?? this.#host.settings.ackWaitMs * nanos) / nanos;
    if (!sameStream) {
      this.#resumeAt = (known ? 0 : info.ack_floor.stream_seq) + 1;
      this.#latest = 0;
    }
    if (info.delivered.consumer_seq === 0) this.#resumeAt = Math.max(this.#resumeAt, info.delivered.stream_seq + 1);
    this.readsAll = info.config.filter_subject === undefined;
    if (!isSame) this.#arrivals.begin(info.delivered.consumer_seq);
    this.#isReplicated = (info.cluster?.replicas?.length ?? 0) > 0;
    this.#streamCreated = place.created;
    this.#consumerCreated = info.created;
  }

  /**
   * Has everything come again, before anything later, that was delivered and not settled. To be called between `start` and `read`, and
   * only where nobody handles any of it. What lies too far apart is left to come by the end of its lease.
   */
  async inherit(): Promise<void> {
    const { connection, consumers, request } = this.#host;
    const info = await consumers.find(this.stream, request.name);
    if (info === undefined || info.num_ack_pending === 0 || !isRecallable(info)) return;
    // Some of it may be kept back for a time that only the server knows.
    if (postponedUntil(info) > Date.now()) return;
    await releaseAll(connection, recallSubjects(info, new Set()));
  }

  /** Tells whoever comes next that not all which is unsettled may come at once. To be called after the last settlement was written. */
  async leave(): Promise<void> {
    const now = performance.now();
    const until = this.#arrivals.postponedUntil(now);
    if (until === undefined) return;
    await this.#host.consumers.notePostponed(this.stream, this.#host.request.name, Date.now() + until - now);
  }

  /** Fetches from now on. */
  read(): void {
    this.#listen();
    this.pull();
  }

  /**
   * Fetches again after a break, and what was delivered before it first, so that nothing of this process overtakes it: what was
   * here and unsettled, and what the server had sent and never arrived. Where all that is out is this process's, it is given
   * back and comes at once. Where some may be others', that is left alone and nothing is fetched until it is settled or its
   * lease has ended. Settlements must have been written before.
   *
   * @param left What was here, unless the server has taken it back by itself.
   */
  async recover(left: readonly Returned[]): Promise<void> {
    const { connection, consumers, request } = this.#host;
    const info = await consumers.find(this.stream, request.name);
    this.#held = undefined;
    if (info !== undefined && info.num_ack_pending > 0) {
      if (!(await this.#recall(info))) {
        const inOrder = left.toSorted((one, other) => one.sequence - other.sequence);
        await releaseAll(
          connection,
          inOrder.map(({ ackSubject }) => ackSubject),
        );
        this.#arrivals.begin(info.delivered.consumer_seq);
        // A new leader may know less than its predecessor had sent.
        const known = left.filter(({ sequence }) => sequence <= info.delivered.stream_seq);
        if (info.num_ack_pending > known.length + this.#arrivals.keptBack(performance.now()).size) {
          this.#held = { until: performance.now() + this.leaseMs + lateMs, behind: info.delivered.stream_seq };
        }
      }
    }
    this.#swallowed = 0;
    this.read();
  }

  /** Gives back all that is unsettled, wherever it is, where all of it was sent to this process. Resolves to whether it was. */
  async #recall(info: ConsumerInfo): Promise<boolean> {
    if (!this.#arrivals.areAll(info, this.#swallowed) || !isRecallable(info)) return false;
    await releaseAll(this.#host.connection, recallSubjects(info, this.#arrivals.keptBack(performance.now())));
    this.#arrivals.goOnBehind(info.delivered.consumer_seq);
    return true;
  }

  /** Tells whether a consumer that was found is the one that this one read. */
  #isSame({ created, cluster, delivered }: ConsumerInfo): boolean {
    if (this.#consumerCreated === undefined) return false;
    if (Math.abs(Date.parse(this.#consumerCreated) - Date.parse(created)) < sameCreationMs) return true;
    // Each server of a cluster with nats-server 2.9 has a time of its own, but one that was made anew has delivered little.
    return cluster !== undefined && this.#arrivals.missing({ delivered }) >= -this.#host.request.maxInFlight;
  }

  /** Asks for as many messages as there is credit for, unless enough were asked for already. */
  pull(): void {
    if (this.#subscription === undefined || !this.#host.wants() || !this.#host.connection.connected) return;
    if (this.#held !== undefined || this.#following) return;
    const batch = this.#credit;
    if (batch <= 0 || (this.#requested > 0 && batch < this.#host.share() / 4)) return;
    const reply = `${this.#inbox}.${++this.#pullCount}`;
    this.#requested += batch;
    this.#pulls.set(reply, batch);
    // A pull that was served says nothing at its end. Of those that wait there are never more than a handful.
    if (this.#pulls.size > pullsRemembered) this.#pulls.delete(this.#pulls.keys().next().value ?? "");
    this.#heardAt = performance.now();
    this.#request({ batch, expires: pullExpiresMs * nanos, idle_heartbeat: heartbeatMs * nanos }, reply);
  }

  /** How many more messages it may ask for. */
  get #credit(): number {
    return this.#host.share() - this.unsettled - this.#requested;
  }

  /** Tells that a message it brought is settled; with a delay, that it is not to come again before. */
  settled(sequence: number, delayMs: number = 0): void {
    if (delayMs > 0) this.#arrivals.postponed(sequence, performance.now() + delayMs);
    this.unsettled--;
    if (this.#credit >= muchCredit) this.pull();
    else this.#pullSoon();
  }

  /** Tells that a message it brought was given back unsettled. */
  gaveBack(sequence: number): void {
    this.unsettled--;
    this.#resumeAt = Math.min(this.#resumeAt, sequence);
  }

  /** Looks after what time brings: pulls that got lost, and a consumer that would be taken for abandoned. */
  tick(now: number): void {
    if (this.#subscription === undefined || !this.#host.connection.connected) return;
    if (this.#heard) this.#heardAt = now;
    this.#heard = false;
    if (this.#requested > 0 && now - this.#heardAt > 2.5 * heartbeatMs) {
      this.#heardAt = now;
      return this.#host.broken(`The consumer ${this.#host.request.name} of the stream ${this.stream} does not answer.`);
    }
    if (this.#held !== undefined) void this.#lookWhetherSettled(this.#held, now);
    this.pull();
    if (
      !this.#host.request.durable &&
      this.#requested === 0 &&
      now - this.#pulledAt > inactivityMs(this.#host.request) / 4
    ) {
      // Only a pull counts as a sign of life. This one has room for no message.
      this.#request({ batch: 1, max_bytes: 1, expires: nanos }, `${this.#inbox}.alive`);
    }
  }

  /**
   * Resolves once the server sends nothing more for what was asked, or does not answer; until then messages still arrive. Before that nothing may
   * be released: nats-server 2.9 finds the pull that nobody listens for, and then forgets the message until its lease ends.
   */
  async drain(): Promise<void> {
    const subscription = this.#subscription;
    const { connection, consumers, request } = this.#host;
    if (subscription !== undefined && connection.connected) {
      const drained = subscription.drain().then(() => consumers.find(this.stream, request.name));
      await atMost(drainTimeoutMs, drained);
    }
    this.mute();
  }

  /** Forgets its requests: the server drops those whose reply subject nobody listens to. */
  mute(): void {
    if (this.#subscription?.isClosed() === false) this.#subscription.unsubscribe();
    this.#subscription = undefined;
    this.#advisories.end();
    this.#swallowed += this.#requested;
    this.#requested = 0;
    this.#pulls.clear();
  }

  /** Ends the wait for what others may have, once it is settled or came to somebody again. */
  async #lookWhetherSettled(held: { readonly until: number; readonly behind: number }, now: number): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { consumers, request } = this.#host;
    const info = await consumers.find(this.stream, request.name).catch(() => undefined);
    this.#looking = false;
    const settled = info !== undefined && (info.num_ack_pending === 0 || info.ack_floor.stream_seq >= held.behind);
    if (this.#held !== held || !(settled || now >= held.until)) return;
    this.#held = undefined;
    this.pull();
  }

  #listen(): void {
    this.mute();
    const { client } = this.#host.connection;
    this.#inbox = createInbox(this.#host.settings.inboxPrefix);
    this.#subscription = client.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) return this.#host.broken(error.message);
        this.#heard = true;
        const arrived = new ArrivedMessage(message);
        if (arrived.subject.startsWith(this.#inbox)) this.#onStatus(message);
        else this.#onMessage(arrived);
      },
    });
    this.#following = false;
    this.#advisories.listen(client, this.stream, this.#host.request.name, {
      givenUp: this.#maxDeliver > 0 ? (sequence) => this.#givenUp(sequence) : undefined,
      leaderElected: this.#isReplicated ? () => void this.#followLeader() : undefined,
    });
  }

  /** A consumer that we may not change just stops delivering a message that was delivered often enough (NATS ADR-15). */
  #givenUp(sequence: number | undefined): void {
    this.#host.positionLost(
      `The consumer ${this.#host.request.name} delivers message ${sequence} of the stream ${this.stream} no more, since it has max_deliver ${this.#maxDeliver}; ` +
        "the message is still in the stream. Set max_deliver to -1, the bus counts attempts itself.",
    );
  }

  /**
   * Another server leads the consumer. What the former one was asked for has ended with it, and so may have what it had sent: it counts as delivered,
   * and would come behind later messages.
   */
  async #followLeader(): Promise<void> {
    this.#listen();
    this.#following = true;
    const subscription = this.#subscription;
    const { consumers, request } = this.#host;
    try {
      const info = await consumers.find(this.stream, request.name);
      if (subscription !== this.#subscription) return;
      if (info === undefined) return this.#deleted();
      if (this.#arrivals.missing(info) <= 0) this.#arrivals.goOnBehind(info.delivered.consumer_seq);
      // What is here comes again as well, and is known again.
      else await this.#recall(info);
      if (subscription !== this.#subscription) return;
      this.#following = false;
      this.#swallowed = 0;
      this.pull();
    } catch (error) {
      if (subscription === this.#subscription) this.#host.broken((error as Error).message);
    }
  }

  #onMessage(message: ArrivedMessage): void {
    const info = parseDeliveryInfo(replyBytes(message.native));
    if (info === undefined) return;
    if (this.#requested > 0 && --this.#requested === 0) this.#pulls.clear();
    this.#resumeAt = Math.max(this.#resumeAt, info.sequence + 1);
    this.#arrivals.came(info.delivery, info.sequence);
    // What is delivered for the first time is later than all before it. A server that was restarted may have forgotten that it had delivered some.
    const again = info.sequence <= this.#latest;
    this.#latest = Math.max(this.#latest, info.sequence);
    this.#host.arrived(this, message, info, again);
    this.#pullSoon();
  }

  /** What the server says of a pull (NATS ADR-13). */
  #onStatus({ subject, headers }: Msg): void {
    const code = headers?.code ?? 0;
    const description = headers?.description ?? "";
    if (code === 100 || subject.endsWith(".alive")) return;
    const left = Number(headers?.get("Nats-Pending-Messages") || (this.#pulls.get(subject) ?? 0));
    this.#pulls.delete(subject);
    this.#requested = Math.max(0, this.#requested - left);
    if (/consumer deleted|stream deleted/i.test(description)) return this.#deleted();
    // Any other trouble waits for the next tick, so that a pull which is refused at once makes no loop.
    if (code === 404 || code === 408) this.#pullSoon();
  }

  #deleted(): void {
    this.#host.broken(`The consumer ${this.#host.request.name} of the stream ${this.stream} was deleted.`);
  }

  #request(pull: Readonly<Record<string, number>>, reply: string): void {
    const { connection, settings, request } = this.#host;
    const prefix = settings.domain === undefined ? "$JS.API" : `$JS.${settings.domain}.API`;
    this.#pulledAt = performance.now();
    connection.client.publish(
      `${prefix}.CONSUMER.MSG.NEXT.${this.stream}.${request.name}`,
      encoder.encode(JSON.stringify(pull)),
      { reply },
    );
  }
}
