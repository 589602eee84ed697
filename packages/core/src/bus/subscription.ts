import type { BrokerStatus, SubscribeRequest, Subscriber } from "../contract/index.ts";
import { onAbort } from "../driver/on-abort.ts";
import { pause } from "../driver/backoff.ts";
import { rejected } from "../driver/rejected.ts";
import type { Intake, IntakeCounts } from "../delivery/intake.ts";
import type { IntakeSource } from "../delivery/intake-source.ts";
import { describe, messageOf } from "../delivery/describe.ts";
import { ClosedError, UnsupportedError } from "../errors.ts";
import type { UnmetNeed } from "../errors.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import type { BrokerLink } from "./broker-link.ts";
import { deadlineOf, defaultDeadlineMs } from "./deadline.ts";
import type { DrainOptions } from "./deadline.ts";
import { LagReading } from "./lag-reading.ts";

/** One place that a subscription reads: the broker, what to ask of it, and how its deliveries are taken. */
export interface SubscriptionSource {
  readonly link: BrokerLink;
  readonly request: SubscribeRequest;
  readonly intake: IntakeSource;
  /** What the subscription needs and the broker, as it is now, does not give. */
  readonly unmet: () => readonly UnmetNeed[];
}

/** How a subscription is, in figures. */
export interface SubscriptionHealth extends IntakeCounts {
  readonly filter: string;
  readonly group: string | undefined;
  readonly brokers: readonly string[];
  /** What it is called at each of them: the name of a queue, a consumer, a consumer group. */
  readonly names: readonly string[];
  /** `pending` until the broker is there for the first time; `failed` when it will not come back by itself, until it is closed; `degraded` when failing messages, and what waits behind them, have four fifths of the credit, or when a broker came back with less than was asked of it. */
  readonly state: "pending" | "running" | "paused" | "degraded" | "disconnected" | "closed" | "failed";
  /** Handlers that run. */
  readonly running: number;
  /** Messages that wait for a handler. */
  readonly waiting: number;
  /** Messages that wait for another attempt, or for their dead letter. */
  readonly delayed: number;
  /** Up to ten topics and keys of what fails, when degraded. */
  readonly delayedKeys: readonly string[];
  /**
   * Messages that wait at the brokers, as those last told where they can: looking has them asked anew and waits for nobody, so the first
   * look finds `undefined`.
   */
  readonly lag: number | undefined;
  /** Messages that were let go of because it was full, at most once where the broker cannot be held back. */
  readonly dropped: number;
  /** How often its place at the broker was gone, so that messages may have been missed, and why the last time. */
  readonly positionsLost: number;
  readonly lastPositionLost: string | undefined;
  readonly lastError: string | undefined;
}

/** A running subscription. */
export class Subscription {
  readonly filter: string;
  readonly group: string | undefined;
  /** Resolves once messages published from now on are received; with `start: "background"` that may take until the broker is there. */
  readonly ready: Promise<void>;
  readonly #sources: readonly SubscriptionSource[];
  readonly #intake: Intake;
  readonly #maxInFlight: number;
  readonly #subscribers: Subscriber[] = [];
  readonly #unlisten: (() => void)[] = [];
  readonly #disconnected = new Set<string>();
  readonly #ended: (subscription: Subscription) => void;
  readonly #endListeners: ((failure?: unknown) => void)[] = [];
  /** No longer ends it when the caller's signal aborts. */
  #disobey: () => void = () => undefined;
  #isOver = false;
  #state: "pending" | "running" | "closed" | "failed" = "pending";
  #paused = false;
  #failure: unknown;
  /** Why it is disconnected. */
  #trouble: Error | undefined;
  /** Where a broker came back with less than is needed of it. */
  readonly #weakened = new Map<SubscriptionSource, unknown>();
  #dropped = 0;
  #positionsLost = 0;
  #lastPositionLost: string | undefined;
  readonly #lag: LagReading;
  /** Ends the wait for handlers. */
  #reachDeadline: () => void = () => undefined;
  readonly #deadline: Promise<void> = new Promise((resolve) => (this.#reachDeadline = resolve));
  /** Aborts when nobody waits for handlers any longer. */
  readonly #drainIsOver = new AbortController();
  #draining: Promise<void> | undefined;
  #releasing: Promise<void> | undefined;
  #removing: Promise<void> | undefined;
  #giveUpStart: (error: Error) => void = () => undefined;

  /** @internal Made by `Bus.subscribe`. */
  constructor(options: {
    readonly filter: ParsedFilter;
    readonly group: string | undefined;
    readonly maxInFlight: number;
    readonly sources: readonly SubscriptionSource[];
    readonly intake: Intake;
    readonly signal: AbortSignal | undefined;
    readonly ended: (subscription: Subscription) => void;
  }) {
    this.filter = options.filter.canonical;
    this.group = options.group;
    this.#maxInFlight = options.maxInFlight;
    this.#sources = options.sources;
    this.#lag = new LagReading(options.sources);
    this.#intake = options.intake;
    this.#ended = options.ended;
    this.ready = this.#start();
    this.ready.catch(() => undefined);
    this.#obey(options.signal);
  }

  /** @internal Calls the listener once the subscription has ended, for whatever reason, with the error where it has failed. */
  onEnd(listener: (failure?: unknown) => void): void {
    if (this.#isOver) listener(this.#failure);
    else this.#endListeners.push(listener);
  }

  /** Takes no more messages until `resume`; what was taken is still handled. */
  pause(): void {
    this.#paused = true;
    for (const subscriber of this.#subscribers) subscriber.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const subscriber of this.#subscribers) subscriber.resume();
  }

  /**
   * Drains: takes no more messages, waits until the running handlers have ended and their acknowledgements are written, then lets go.
   * At the deadline `message.signal` aborts, and what is left goes back to the broker unharmed. A durable subscription
   * stays at the broker. Calling it again is harmless; of several deadlines the earliest counts.
   *
   * @param options.deadlineMs In milliseconds. @default 20_000
   */
  async close(options: DrainOptions = {}): Promise<void> {
    const deadlineMs = deadlineOf("close()", options);
    if (typeof deadlineMs !== "number") throw deadlineMs;
    this.#drainWithin(deadlineMs);
    try {
      await (this.#removing ?? this.#release());
    } finally {
      this.#letGo();
    }
  }

  /**
   * Drains, and deletes the subscription at the broker for good, with everything that is kept for it, also where it was closed before. What is
   * rejected may be tried again. Rejects with a `ClosedError` once the bus is closed, and where the subscription was not made yet: then it takes `Bus.forget`.
   */
  async remove(options: DrainOptions = {}): Promise<void> {
    const deadlineMs = deadlineOf("remove()", options);
    if (typeof deadlineMs !== "number") throw deadlineMs;
    this.#drainWithin(deadlineMs);
    this.#removing ??= this.#remove().catch((error: unknown) => {
      this.#removing = undefined;
      throw error;
    });
    try {
      await this.#removing;
    } finally {
      // It handles nothing any more, also where the broker did not let it be removed.
      this.#letGo();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** How it is; never throws. */
  health(): SubscriptionHealth {
    const { counts, running, waiting, delayed, heldUp, lastError } = this.#intake;
    const degraded = heldUp >= 0.8 * this.#maxInFlight;
    const [weakened] = this.#weakened.values();
    const error = this.#failure ?? weakened ?? this.#trouble ?? lastError;
    if (this.#state === "running") this.#lag.ask();
    return {
      ...counts,
      filter: this.filter,
      group: this.group,
      brokers: this.#sources.map(({ link }) => link.name),
      names: this.#sources.map(({ request }) => request.name),
      state: this.#healthState(degraded),
      running,
      waiting,
      delayed,
      delayedKeys: degraded ? this.#intake.heldUpKeys().slice(0, 10) : [],
      lag: this.#lag.told,
      dropped: this.#dropped,
      positionsLost: this.#positionsLost,
      lastPositionLost: this.#lastPositionLost,
      lastError: error === undefined ? undefined : messageOf(error),
    };
  }

  #healthState(degraded: boolean): SubscriptionHealth["state"] {
    if (this.#state !== "running") return this.#state;
    if (this.#disconnected.size > 0) return "disconnected";
    if (degraded || this.#weakened.size > 0) return "degraded";
    return this.#paused ? "paused" : "running";
  }

  async #start(): Promise<void> {
    try {
      await Promise.race([
        Promise.all(this.#sources.map((source) => this.#startSource(source))),
        new Promise<never>((_, reject) => (this.#giveUpStart = reject)),
      ]);
      if (this.#failure !== undefined) await rejected(this.#failure);
      if (this.#state === "pending") this.#state = "running";
    } catch (error) {
      if (this.#state === "closed") throw error;
      this.#state = "failed";
      this.#failure = error;
      this.#drainWithin(0);
      await this.#release().catch(() => undefined);
      this.#end();
      this.#forgetStatuses();
      this.#ended(this);
      throw error;
    }
  }

  async #startSource(source: SubscriptionSource): Promise<void> {
    const { link, request, intake } = source;
    await link.openInBackground();
    if (this.#draining !== undefined) return;
    // Where the bus started in the background, the plan went by what the driver declares.
    this.#assertMet(source);
    this.#unlisten.push(link.onStatus((status) => this.#follow(status, source)));
    const subscriber = await link.broker.subscribe(request, (delivery) => this.#intake.accept(delivery, intake));
    if (this.#state === "failed" || this.#drainIsOver.signal.aborted) return subscriber.close();
    this.#subscribers.push(subscriber);
    if (this.#paused) subscriber.pause();
  }

  #assertMet({ link, unmet }: SubscriptionSource): void {
    const needs = unmet();
    if (needs.length > 0) throw new UnsupportedError(needs, { broker: link.name, topic: this.filter });
  }

  /** The server may be another one than before, or set up in another way. */
  #checkAgain(source: SubscriptionSource): void {
    try {
      this.#assertMet(source);
      this.#weakened.delete(source);
    } catch (error) {
      if (!this.#weakened.has(source)) source.link.warn(describe(error));
      this.#weakened.set(source, error);
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#disobey();
    for (const listener of this.#endListeners.splice(0)) listener(this.#failure);
  }

  /** It will not come back: it ends with the error, and stays to be seen until somebody closes it. */
  #fail(error: Error): void {
    if (this.#draining !== undefined) return;
    this.#failure = error;
    if (this.#state === "pending") return this.#giveUpStart(error);
    this.#state = "failed";
    this.#end();
    this.#drainWithin(defaultDeadlineMs);
    void this.#releaseUnasked();
  }

  /** Nobody waits for it, so what goes wrong can only be said. */
  async #releaseUnasked(): Promise<void> {
    try {
      await this.#release();
    } catch (failure) {
      this.#sources[0]?.link.warn(`The subscription to "${this.filter}" did not end in order: ${describe(failure)}`);
    }
    this.#forgetStatuses();
  }

  #follow(status: BrokerStatus, source: SubscriptionSource): void {
    if (status.type === "connected") return this.#checkAgain(source);
    const { request, intake } = source;
    if (
      status.type === "fatal" &&
      (status.name === undefined ? status.only === undefined : status.name === request.name)
    )
      return this.#fail(status.error);
    if (!("name" in status) || status.name !== request.name) return;
    if (status.type === "position-lost") {
      this.#intake.forgetPositions();
      this.#positionsLost++;
      this.#lastPositionLost = status.reason;
    } else if (status.type === "dropped") this.#dropped += status.count;
    else if (status.type === "revoked") this.#intake.revoked(status.positions, intake);
    else if (status.type === "settlement-failed") {
      if (status.outcome === "ack") this.#intake.acknowledgementLost(status.delivery, intake);
    } else if (status.type === "subscription") {
      if (status.connected) this.#disconnected.delete(request.name);
      else this.#disconnected.add(request.name);
      if (this.#disconnected.size === 0) this.#trouble = undefined;
      else this.#trouble = status.error ?? this.#trouble;
    }
  }

  #obey(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const close = (): void => void this.close().catch(() => undefined);
    if (signal.aborted) close();
    else this.#disobey = onAbort(signal, close);
  }

  /** Whoever has the least patience decides for how long handlers are waited for. */
  #drainWithin(deadlineMs: number): void {
    if (this.#drainIsOver.signal.aborted) return;
    void pause(deadlineMs, this.#drainIsOver.signal).then(this.#reachDeadline);
    this.#draining ??= this.#drain().finally(() => this.#drainIsOver.abort());
    this.#draining.catch(() => undefined);
  }

  async #drain(): Promise<void> {
    this.#intake.stop();
    // A subscription that is just starting has to have started before it can be stopped, unless its broker does not answer.
    if (this.#state === "pending" && this.#sources.every(({ link }) => link.state === "connected"))
      await Promise.race([this.ready.catch(() => undefined), this.#deadline]);
    await Promise.all(this.#subscribers.map((subscriber) => subscriber.stop()));
    await this.#intake.drain(this.#deadline);
  }

  /** Drains, and closes what it has at the brokers; once, whoever asks first. */
  #release(): Promise<void> {
    this.#releasing ??= this.#closeAll();
    return this.#releasing;
  }

  async #closeAll(): Promise<void> {
    try {
      await this.#draining;
    } finally {
      await Promise.all(this.#subscribers.map((subscriber) => subscriber.close()));
    }
  }

  async #remove(): Promise<void> {
    // Where closing failed, removing closes again.
    await (this.#releasing?.catch(() => undefined) ?? this.#draining);
    const obstacle = this.#obstacle();
    if (obstacle === undefined) await Promise.all(this.#subscribers.map((subscriber) => subscriber.remove()));
    else {
      await this.#release();
      throw obstacle;
    }
  }

  /** Why what is kept for it cannot be deleted, if it cannot. */
  #obstacle(): ClosedError | undefined {
    const kept = this.#sources.filter(({ request }) => request.durable || request.group !== undefined);
    if (kept.length === 0) return undefined;
    const what = `remove() of the subscription to "${this.filter}"`;
    const advice = "call forget() with its filter and group on";
    if (kept.some(({ link }) => link.state === "closed"))
      return new ClosedError(`${what}: the bus is closed; ${advice} one that is open.`, { topic: this.filter });
    if (this.#subscribers.length === this.#sources.length) return undefined;
    return new ClosedError(`${what}: it was not made at its broker yet; ${advice} the bus once the broker is there.`, {
      topic: this.filter,
    });
  }

  #letGo(): void {
    this.#forgetStatuses();
    this.#state = "closed";
    this.#end();
    this.#ended(this);
  }

  #forgetStatuses(): void {
    for (const unlisten of this.#unlisten.splice(0)) unlisten();
  }
}
