import { randomUUID } from "node:crypto";
import type { Delivery, SubscribeRequest, Subscriber } from "@busbar/core/contract";
import type { BusError, StatusHub } from "@busbar/core/driver";
import { atMost, backoffDelayMs, ConnectionError, HandOut, pause, reconnectPolicy, SlotMap } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import { believedRefusals } from "./connection.ts";
import type { Connection } from "./connection.ts";
import type { ConsumerGroup } from "./consumer-group.ts";
import { HeldEntry } from "./held-entry.ts";
import type { RedisSettings } from "./options.ts";
import { Session } from "./session.ts";
import type { SessionHost } from "./session.ts";
import type { Settlement } from "./settlements.ts";
import type { Beginning, Subscriptions } from "./subscriptions.ts";
import { recordOf } from "./to-record.ts";
import type { Entry } from "./to-record.ts";
import type { Keys } from "./topic.ts";

/** What a subscription is made with. */
export interface SubscriberParts {
  readonly settings: RedisSettings;
  readonly keys: Keys;
  readonly connection: Connection;
  readonly subscriptions: Subscriptions;
  readonly statuses: StatusHub;
  readonly request: SubscribeRequest;
  readonly sink: (delivery: Delivery) => void;
  readonly onClosed: () => void;
}

/** How long `close` waits for each word of a server that may be gone, in milliseconds. */
const goodbyeMs = 2000;
/** How often a transient subscription says that it is still there, in milliseconds. */
const keepEveryMs = 10_000;

/** A subscription: one consumer of one group on every stream of its filter, one credit over all of them, and sessions that come and go. */
export class RedisSubscriber implements Subscriber, SessionHost {
  readonly request: SubscribeRequest;
  readonly settings: RedisSettings;
  readonly keys: Keys;
  readonly consumer: string;
  readonly groups: Map<string, ConsumerGroup> = new Map<string, ConsumerGroup>();
  beginning: Beginning = { from: "$", isNew: true };
  readonly #parts: SubscriberParts;
  readonly #handOut: HandOut<HeldEntry>;
  /** By position. */
  readonly #held = new SlotMap<HeldEntry>();
  readonly #ending = new AbortController();
  readonly #acknowledged: boolean;
  #session: Session | undefined;
  #paused = false;
  #waking = false;
  #extendedAt = 0;
  #keptAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: SubscriberParts) {
    this.#parts = parts;
    this.request = parts.request;
    this.settings = parts.settings;
    this.keys = parts.keys;
    this.consumer = `${parts.request.member}-${randomUUID()}`;
    this.#acknowledged = parts.request.delivery === "at-most-once";
    this.#handOut = new HandOut<HeldEntry>({
      credit: parts.request.maxInFlight,
      sink: (delivery, held) => {
        held.handedOut = true;
        parts.sink(delivery);
      },
    });
  }

  /** Resolves when what is published from now on is received. From then on it comes back by itself. Rejects typed. */
  async start(): Promise<void> {
    const { connection, subscriptions } = this.#parts;
    const { filter } = this.request;
    const what = `Subscribing to "${filter}" failed`;
    const control = connection.required(what, filter);
    try {
      await subscriptions.clearExpired(control);
      this.beginning = await subscriptions.begin(control, this.request);
      // First of all, so that it is cleared away whatever happens next.
      if (!this.request.durable) await subscriptions.keep(control, this.request);
      this.#use(await Session.open(this, control, this.#ending.signal));
      this.beginning = { ...this.beginning, isNew: false };
    } catch (error) {
      throw classify(error, { what, topic: filter });
    }
    const tickMs = Math.min(this.settings.leaseMs / 4, keepEveryMs);
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  room(): number {
    if (this.#paused || this.#ending.signal.aborted) return 0;
    return this.request.maxInFlight - this.#handOut.unsettled - this.#handOut.waiting;
  }

  arrived(session: Session, group: ConsumerGroup, entry: Entry, deliveries: number | undefined): void {
    const { id } = entry;
    const position = `${group.topic}/${id}`;
    if (this.#session !== session || this.#held.get(position) !== undefined) return;
    if (entry.fields === undefined) {
      // Trimmed while it was pending: there is nothing left to hand out.
      return session.settlements.add({ group, id, outcome: "ack", delivery: undefined });
    }
    if (this.#ending.signal.aborted) {
      return session.settlements.add({ group, id, outcome: "release", delivery: undefined });
    }
    const held = new HeldEntry(session, group, id, position, recordOf(group.topic, entry), deliveries, this.#settle);
    this.#held.add(position, held);
    this.#handOut.offer(held);
  }

  positionLost(reason: string): void {
    this.#parts.statuses.emit({ type: "position-lost", name: this.request.name, reason });
  }

  settlementFailed({ delivery, outcome, group }: Settlement, cause: unknown): void {
    if (delivery === undefined) return;
    const { name } = this.request;
    const what = `A message of "${name}" could not be settled (${outcome})`;
    const error = classify(cause, { what, topic: group.topic });
    this.#parts.statuses.emit({ type: "settlement-failed", name, delivery, outcome, error });
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async flush(): Promise<void> {
    await this.#session?.settlements.flush();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  pause(): void {
    this.#paused = true;
    this.#handOut.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#handOut.resume();
    this.#session?.wake();
  }

  async remove(): Promise<void> {
    await this.close();
    const { name, filter } = this.request;
    await removeSubscription(this.#parts.connection, this.#parts.subscriptions, name, filter);
  }

  #use(session: Session): void {
    this.#session = session;
    this.#extendedAt = performance.now();
    session.read();
    void session.end.then((error) => this.#onEnd(session, error));
  }

  readonly #settle = (held: HeldEntry): void => {
    const { session, outcome } = held;
    this.#held.take(held.position);
    if (!this.#acknowledged) {
      session.settlements.add(held);
      if (outcome === "release") setImmediate(() => session.gaveBack());
    }
    this.#wakeSoon();
  };

  /** Once the credit of what was settled is returned. */
  #wakeSoon(): void {
    if (this.#waking) return;
    this.#waking = true;
    queueMicrotask(() => {
      this.#waking = false;
      this.#session?.wake();
    });
  }

  #onEnd(session: Session, error: BusError): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#held.takeAll();
    this.#handOut.endGeneration();
    if (this.#ending.signal.aborted) return;
    this.#parts.statuses.emit({ type: "subscription", name: this.request.name, connected: false, error });
    void this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    const { signal } = this.#ending;
    const { statuses, connection } = this.#parts;
    const { name, filter } = this.request;
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    for (let tries = 1, refusals = 0; ; tries++) {
      await pause(backoffDelayMs(tries, reconnectPolicy), signal);
      const control = await Promise.race([stopped, connection.next()]);
      if (control === undefined || signal.aborted) return;
      try {
        this.#use(await Session.open(this, control, signal));
        return statuses.emit({ type: "subscription", name, connected: true });
      } catch (thrown) {
        if (this.#ending.signal.aborted) return;
        const error = classify(thrown, { what: `Bringing back the subscription to "${filter}" failed`, topic: filter });
        refusals = error.retryable ? 0 : refusals + 1;
        if (refusals >= believedRefusals) return statuses.emit({ type: "fatal", error, name });
      }
    }
  }

  /** Extends the leases of what is here, and the life of a transient subscription. */
  #tick(): void {
    const session = this.#session;
    if (session === undefined) return;
    const now = performance.now();
    if (now - this.#extendedAt > this.settings.leaseMs * 0.8) {
      // This process stood still, and others may have taken over what it holds.
      const why = "This process stood still for longer than native.leaseMs.";
      return session.destroy(new ConnectionError(why, { broker: "redis", topic: this.request.filter }));
    }
    this.#extendedAt = now;
    for (const [group, ids] of idsByGroup(this.#held.inOrder())) {
      if (!this.#acknowledged) group.extend(session.control, ids).catch(() => undefined);
    }
    if (!this.request.durable && now - this.#keptAt >= keepEveryMs) {
      this.#keptAt = now;
      this.#parts.subscriptions.keep(session.control, this.request).catch(() => undefined);
    }
  }

  async #stop(): Promise<void> {
    this.#ending.abort();
    if (!this.#acknowledged) this.#handOut.stop();
    const session = this.#session;
    if (session !== undefined && !(await atMost(goodbyeMs, session.stop()))) session.destroy();
    this.#handOut.stop();
    // What waited for credit goes to others at once.
    for (const held of this.#held.inOrder()) {
      if (held.handedOut) continue;
      this.#held.take(held.position);
      if (!this.#acknowledged) session?.settlements.add(held);
    }
  }

  async #close(): Promise<void> {
    await this.stop();
    clearInterval(this.#timer);
    const session = this.#session;
    if (session !== undefined) {
      await atMost(goodbyeMs, session.settlements.flush());
      const held = this.#held.takeAll();
      const left = this.#acknowledged ? [] : held;
      this.#handOut.endGeneration();
      for (const entry of left) session.settlements.add(entry);
      await atMost(goodbyeMs, this.#sayGoodbye(session));
      this.#session = undefined;
      session.destroy();
    }
    this.#parts.onClosed();
  }

  async #sayGoodbye(session: Session): Promise<void> {
    await session.settlements.flush();
    const { name, filter, durable, group } = this.request;
    if (!durable && group === undefined) await this.#parts.subscriptions.delete(session.control, name, filter);
    else await Promise.all([...this.groups.values()].map((one) => one.forgetConsumer(session.control)));
  }
}

/** In the order of the stream. */
function idsByGroup(held: Iterable<HeldEntry>): Map<ConsumerGroup, string[]> {
  const found = new Map<ConsumerGroup, string[]>();
  for (const { group, id } of held) {
    const ids = found.get(group);
    if (ids === undefined) found.set(group, [id]);
    else ids.push(id);
  }
  return found;
}

/** Deletes what is kept for a subscription, whether anybody is a member of it or not. */
export async function removeSubscription(
  connection: Connection,
  subscriptions: Subscriptions,
  name: string,
  filter: string,
): Promise<void> {
  const what = `Deleting the subscription to "${filter}" (group "${name}") failed`;
  await subscriptions.delete(connection.required(what, filter), name, filter).catch((error: unknown) => {
    throw classify(error, { what, topic: filter });
  });
}
