import { backoffDelayMs } from "../driver/backoff.ts";
import type { Delivery, InboundRecord } from "../contract/index.ts";
import { BusError, ClosedError, RevokedError, TimeoutError } from "../errors.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import { matches } from "../topic/filter.ts";
import { cannotWait } from "./cannot-wait.ts";
import { describe } from "./describe.ts";
import { FinishedMessages, identityOf, isSame } from "./finished-messages.ts";
import { HandlerMessage } from "./handler-message.ts";
import { HeldMessage } from "./held-message.ts";
import type { Run } from "./held-message.ts";
import { HeldMessages } from "./held-messages.ts";
import type { IntakeSource } from "./intake-source.ts";
import { Lanes } from "./lanes.ts";
import type { OrderMode, RetryPolicy } from "./options.ts";
import { Reject, RetryLater } from "./outcome.ts";
import { isThenable, promiseOf } from "./promise-of.ts";
import type { Sweep, Swept } from "./sweep.ts";

/** How long a handler that was aborted may go on before it is given up, in milliseconds. */
export const abandonAfterMs = 30_000;

/** How waits grow while a dead letter cannot be written. */
const deadLetterBackoff = { initialMs: 500, factor: 2, maxMs: 30_000, jitter: 0.2 };

/** Why a message is dead. */
export type DeathReason =
  | "attempts-exhausted"
  | "deliveries-exhausted"
  | "rejected"
  | "undecodable"
  | "invalid"
  | "unknown-topic";

/** What became of a message that is dead. */
export type Burial = "kept" | "discarded";

/** What an intake needs to know and to be able to do. */
export interface IntakeOptions {
  readonly filter: ParsedFilter;
  readonly concurrency: number;
  readonly order: OrderMode;
  readonly retry: RetryPolicy;
  /** How often the broker may deliver a message before it is dead, where it counts. */
  readonly maxDeliveries?: number | undefined;
  readonly handlerTimeoutMs: number;
  /** Acknowledge before the handler runs, and run it once. */
  readonly atMostOnce: boolean;
  /** The handler settles. */
  readonly manual: boolean;
  readonly maxInFlight: number;
  /** The longest that a message may be held, where the broker has such a bound. */
  readonly maxHoldMs: () => number;
  readonly sweep: Sweep;
  /** Makes the payload, fresh for each run. Throws a `BusError` for what cannot be decoded or does not fit. */
  readonly decode: (record: InboundRecord, topic: string) => unknown;
  readonly handle: (payload: unknown, message: HandlerMessage) => unknown;
  /** Resolves once the dead letter is as safe as the broker makes it, or to `discarded` where none is to be kept. */
  readonly bury: (message: HeldMessage, reason: DeathReason, error: unknown) => Promise<Burial>;
  readonly warn: (text: string) => void;
}

/** What has happened to the messages of a subscription, in numbers. */
export interface IntakeCounts {
  handled: number;
  failed: number;
  /** Dead letters that were kept. */
  deadLettered: number;
  /** Messages that no run could handle and that are kept nowhere: with `deadLetter: false`, and at most once. */
  discarded: number;
  /** Messages that came although they do not fit the filter, and were acknowledged. */
  unmatched: number;
  abandoned: number;
  /** Redeliveries that were acknowledged without another run, because the first had succeeded. */
  skipped: number;
}

/**
 * What happens to the messages of one subscription between the broker and the handler: lanes, slots, retries, dead letters
 * and drain. It belongs to the subscription, not to a connection: a lost connection makes deliveries stale, but what
 * runs keeps its slot and its lane, and a redelivery joins it.
 */
export class Intake implements Swept {
  readonly counts: IntakeCounts = {
    handled: 0,
    failed: 0,
    deadLettered: 0,
    discarded: 0,
    unmatched: 0,
    abandoned: 0,
    skipped: 0,
  };
  lastError: unknown;
  readonly #options: IntakeOptions;
  readonly #lanes = new Lanes<HeldMessage>();
  readonly #held = new HeldMessages();
  readonly #delayed = new Set<HeldMessage>();
  readonly #finished = new FinishedMessages();
  #running = 0;
  #burying = 0;
  #pumping = false;
  #stopped = false;
  #draining = false;
  #whenIdle: (() => void) | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#lanes.waiting;
  }

  /** How many messages wait for another attempt, or for their dead letter to be written. */
  get delayed(): number {
    return this.#delayed.size + this.#burying;
  }

  /**
   * How many messages are held up by failures: those that an attempt has failed for, whether they wait for the next one, for a slot or
   * for their dead letter, or are being run again, and those that wait behind them in their lanes.
   */
  get heldUp(): number {
    return this.#held.tried().reduce((sum, { lane }) => sum + 1 + this.#lanes.behind(lane), 0);
  }

  /** The topics and keys of what is held up. */
  heldUpKeys(): string[] {
    return [
      ...new Set(this.#held.tried().map(({ topic, delivery }) => `${topic} ${delivery.record.key ?? ""}`.trim())),
    ];
  }

  /** Takes a delivery over. Never throws. */
  accept(delivery: Delivery, source: IntakeSource): void {
    if (this.#draining) return delivery.settle("release");
    const topic = source.topicOf(delivery.record);
    if (topic !== undefined && !matches(this.#options.filter, topic)) {
      this.counts.unmatched++;
      return delivery.settle("ack");
    }
    const identity = this.#mayBeKnown(delivery) ? identityOf(delivery, source.prefix) : undefined;
    if (identity !== undefined && this.#rejoin(delivery, identity)) return;
    const held = new HeldMessage(
      delivery,
      topic ?? delivery.record.address,
      this.#laneOf(delivery.record, topic),
      this.#options.filter,
      source,
    );
    this.#held.add(held);
    // What will never reach a handler takes no lane.
    if (topic === undefined) return this.#bury(held, "unknown-topic", new Error(unknownTopic));
    if (this.#isDeliveredTooOften(delivery))
      return this.#bury(held, "deliveries-exhausted", new Error(tooOften(delivery)));
    this.#lanes.add(held, held.lane);
    this.#pump();
  }

  /** Tells that positions are counted anew, so that an old one means nothing any more. */
  forgetPositions(): void {
    this.#finished.clear();
  }

  /** Tells that an acknowledgement got lost: the message will come again, and need not run again. */
  acknowledgementLost(delivery: Delivery, source: IntakeSource): void {
    this.#finished.add(identityOf(delivery, source.prefix), delivery);
  }

  /** Tells that messages went to another member. What runs of them is aborted, counts neither as handled nor as failed, and uses up no attempt. */
  revoked(positions: readonly string[], source: IntakeSource): void {
    // At most once they were acknowledged before they ran, so nobody else has them.
    if (this.#options.atMostOnce) return;
    for (const position of positions) {
      const held = this.#held.staleOf(source.prefix + position);
      if (held === undefined) continue;
      const { run } = held;
      run?.abort(new RevokedError("Another member of the group has the message now.", { topic: held.topic }));
      if (run !== undefined && this.#manualReturned.has(run)) this.#threw(held, run, run.abortReason);
    }
  }

  /** Runs what waits for another attempt and is due, and ends what runs for too long. */
  sweep(now: number): boolean {
    for (const held of this.#delayed) {
      if (held.dueAt > now) continue;
      this.#delayed.delete(held);
      held.next?.();
    }
    if (this.#running > 0)
      for (const held of this.#held.all()) if (held.run !== undefined) this.#checkRun(held, held.run, now);
    this.#pump();
    return this.#delayed.size > 0 || this.#running > 0;
  }

  /** Begins no more runs; what runs goes on. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Gives back what has not begun, waits for what runs until the deadline, then aborts it and gives it back unharmed: it
   * counts neither as handled nor as failed. What waits behind a running one in its lane goes back after that one, because
   * brokers deliver again in the order in which they were given back. The broker must have stopped handing out before.
   */
  async drain(deadline: Promise<void>): Promise<void> {
    this.#stopped = true;
    this.#draining = true;
    const idle = new Set([...this.#lanes.drain(), ...this.#delayed]);
    this.#delayed.clear();
    const busyLanes = new Set(this.#held.inOrder().map((held) => (idle.has(held) ? undefined : held.lane)));
    for (const held of this.#held.inOrder())
      if (idle.has(held) && (held.lane === undefined || !busyLanes.has(held.lane))) this.#release(held);
    if (this.#running + this.#burying > 0)
      await Promise.race([new Promise<void>((resolve) => (this.#whenIdle = resolve)), deadline]);
    for (const held of this.#held.inOrder()) {
      held.run?.abort(new ClosedError("The subscription was closed before the handler had ended."));
      this.#endRun(held);
      this.#release(held);
    }
  }

  /**
   * Tells whether a delivery may be one of a message that is held, or was handled while its delivery was stale. Most come for the first time.
   */
  #mayBeKnown(delivery: Delivery): boolean {
    if (delivery.redelivered) return true;
    // Without a position only the broker's word tells a redelivery.
    return (this.#finished.size > 0 || this.#held.mayHave(delivery)) && delivery.position !== undefined;
  }

  /** Joins a redelivery to the message that is still held, or acknowledges it where that was handled already. */
  #rejoin(delivery: Delivery, identity: string): boolean {
    const held = this.#held.staleOf(identity);
    if (held !== undefined && isSame(delivery, held.delivery.record.id)) {
      held.delivery = delivery;
      return true;
    }
    if (!this.#finished.take(identity, delivery)) return false;
    this.counts.skipped++;
    delivery.settle("ack");
    return true;
  }

  /** At most once a message does not come again, so that there is nothing to guard against. */
  #isDeliveredTooOften({ deliveries = 1 }: Delivery): boolean {
    const { maxDeliveries = Number.POSITIVE_INFINITY, atMostOnce } = this.#options;
    return deliveries > maxDeliveries && !atMostOnce;
  }

  #laneOf(record: InboundRecord, topic: string | undefined): string | undefined {
    if (topic === undefined || this.#options.order === "none") return undefined;
    if (this.#options.order === "all") return "";
    return record.key === undefined ? undefined : `${topic}\0${record.key}`;
  }

  #pump(): void {
    // A handler that returns at once ends within the loop; without the guard each would nest in the one before.
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#stopped && this.#running < this.#options.concurrency) {
      const held = this.#lanes.take();
      if (held === undefined) break;
      // The broker delivers it again, perhaps to another member: running it here as well would only make a duplicate.
      if (held.delivery.stale && !this.#options.atMostOnce) this.#forget(held);
      else this.#start(held);
    }
    this.#pumping = false;
  }

  #start(held: HeldMessage): void {
    const run = new HandlerMessage(held, performance.now(), this.#onManual);
    held.run = run;
    this.#running++;
    this.#options.sweep.watch(this);
    if (this.#options.atMostOnce) held.delivery.settle("ack");
    let payload: unknown;
    try {
      payload = this.#options.decode(held.delivery.record, held.topic);
    } catch (error) {
      return this.#unreadable(held, run, error);
    }
    // Most schemas are synchronous; only one that is not costs a promise more.
    if (isThenable(payload))
      payload.then(
        (late) => this.#handle(held, run, late),
        (error: unknown) => this.#unreadable(held, run, error),
      );
    else this.#handle(held, run, payload);
  }

  #handle(held: HeldMessage, run: HandlerMessage, payload: unknown): void {
    let later: Promise<unknown> | undefined;
    try {
      later = promiseOf(this.#options.handle(payload, run));
      later?.then(
        () => this.#returned(held, run),
        (error: unknown) => this.#threw(held, run, error),
      );
    } catch (error) {
      return this.#threw(held, run, error);
    }
    if (later === undefined) this.#returned(held, run);
  }

  /** No attempt can help a message that cannot be decoded or does not fit its schema. */
  #unreadable(held: HeldMessage, run: HandlerMessage, error: unknown): void {
    if (held.run !== run) return;
    this.#endRun(held);
    this.#failed(held, error);
    this.#bury(held, BusError.is(error) && error.code === "BUSBAR_VALIDATION" ? "invalid" : "undecodable", error);
    this.#pump();
  }

  readonly #onManual = (run: HandlerMessage): void => {
    if (!this.#manualReturned.has(run)) return;
    const held = this.#manualReturned.get(run);
    this.#manualReturned.delete(run);
    if (held !== undefined) this.#returned(held, run);
  };
  /** Runs whose handler has returned and not settled yet. */
  readonly #manualReturned = new Map<Run, HeldMessage>();

  #returned(held: HeldMessage, run: HandlerMessage): void {
    if (held.run !== run) return;
    if (run.abortReason !== undefined) return this.#threw(held, run, run.abortReason);
    if (this.#options.manual) {
      const { outcome } = run;
      if (outcome === undefined) return void this.#manualReturned.set(run, held);
      if (outcome.type === "reject") return this.#threw(held, run, new Reject(outcome.reason));
      if (outcome.type === "retry")
        return this.#threw(
          held,
          run,
          outcome.delayMs === undefined ? new Error("The handler asked for a retry.") : new RetryLater(outcome.delayMs),
        );
    }
    this.counts.handled++;
    this.#endRun(held);
    this.#finish(held);
    this.#pump();
  }

  #threw(held: HeldMessage, run: Run, error: unknown): void {
    if (held.run !== run) return;
    this.#manualReturned.delete(run);
    this.#endRun(held);
    if (run.abortReason instanceof RevokedError) this.#leaveToOthers(held);
    else this.#decide(held, run.abortReason ?? error);
    this.#pump();
  }

  #endRun(held: HeldMessage): void {
    if (held.run === undefined) return;
    held.run = undefined;
    this.#running--;
    this.#checkIdle();
  }

  #decide(held: HeldMessage, error: unknown): void {
    if (RetryLater.is(error) && !this.#options.atMostOnce) {
      const longestMs = this.#options.maxHoldMs();
      if (error.delayMs >= 0 && this.#leaveWithBroker(held, error.delayMs)) return;
      if (error.delayMs >= 0 && error.delayMs <= longestMs) return this.#again(held, error.delayMs);
      return this.#decide(held, cannotWait(held, error, longestMs));
    }
    this.#failed(held, error);
    if (Reject.is(error)) return this.#bury(held, "rejected", error);
    if (this.#options.atMostOnce) {
      this.#options.warn(`Handler failed for ${held.topic} ${held.id}, delivered at most once: ${describe(error)}`);
      this.counts.discarded++;
      return this.#finish(held);
    }
    if (held.failures >= this.#options.retry.attempts) return this.#bury(held, "attempts-exhausted", error);
    const { backoffMs, factor, maxBackoffMs, jitter } = this.#options.retry;
    const policy = { initialMs: backoffMs, factor, maxMs: maxBackoffMs, jitter };
    const delayMs = backoffDelayMs(held.failures, policy);
    if (this.#leaveWithBroker(held, Math.min(delayMs, held.delivery.longestDelayMs ?? 0))) return;
    this.#again(held, Math.min(delayMs, this.#options.maxHoldMs()));
  }

  /**
   * Gives the message back for as long as it has to wait, where that, with what it has waited already, is longer than it may be held here and the broker
   * holds it itself. It comes behind others then, so nothing that has a lane is: the rest of its key would overtake it.
   */
  #leaveWithBroker(held: HeldMessage, delayMs: number): boolean {
    const { longestDelayMs = 0 } = held.delivery;
    if (held.lane !== undefined || delayMs > longestDelayMs) return false;
    if (held.waitedMs + delayMs <= this.#options.maxHoldMs()) return false;
    this.#held.remove(held);
    held.delivery.settle("release", delayMs, held.failures);
    return true;
  }

  /** After a run that was aborted because others have the message: runs it again only where it has come back meanwhile. */
  #leaveToOthers(held: HeldMessage): void {
    if (held.delivery.stale) this.#forget(held);
    else this.#again(held, 0);
  }

  #failed(held: HeldMessage, error: unknown): void {
    this.counts.failed++;
    this.lastError = error;
    held.failures++;
  }

  /** Keeps the message, its credit and its lane, and gives back its slot. */
  #again(held: HeldMessage, delayMs: number): void {
    if (this.#draining) return this.#release(held);
    held.waitedMs += delayMs;
    this.#delay(held, delayMs, () => this.#lanes.again(held));
  }

  #delay(held: HeldMessage, delayMs: number, next: () => void): void {
    held.dueAt = performance.now() + delayMs;
    held.next = next;
    this.#delayed.add(held);
    this.#options.sweep.watch(this);
  }

  /** Writes the dead letter, for as long as it takes; only then is the message acknowledged. */
  #bury(held: HeldMessage, reason: DeathReason, error: unknown, attempt = 1): void {
    this.#burying++;
    this.#options
      .bury(held, reason, error)
      .then(
        (burial) => {
          if (burial === "kept") this.counts.deadLettered++;
          else this.counts.discarded++;
          this.#finish(held);
        },
        (failure: unknown) => {
          this.lastError = failure;
          this.#options.warn(
            `Dead letter of ${held.topic} ${held.id} could not be written, it stays unacknowledged: ${describe(failure)}`,
          );
          if (this.#draining) return this.#release(held);
          this.#delay(held, backoffDelayMs(attempt, deadLetterBackoff), () =>
            this.#bury(held, reason, error, attempt + 1),
          );
        },
      )
      .finally(() => {
        this.#burying--;
        this.#checkIdle();
        this.#pump();
      });
  }

  #finish(held: HeldMessage): void {
    this.#held.remove(held);
    if (held.delivery.stale) this.#finished.add(held.identity, held.delivery);
    else held.delivery.settle("ack");
    this.#lanes.leave(held.lane);
  }

  #forget(held: HeldMessage): void {
    this.#held.remove(held);
    this.#lanes.leave(held.lane);
  }

  #release(held: HeldMessage): void {
    this.#held.remove(held);
    held.delivery.settle("release");
  }

  #checkRun(held: HeldMessage, run: Run, now: number): void {
    const age = now - run.startedAt;
    const { handlerTimeoutMs } = this.#options;
    if (age < handlerTimeoutMs) return;
    run.abort(new TimeoutError(`The handler ran longer than ${handlerTimeoutMs} ms.`, { topic: held.topic }));
    if (this.#manualReturned.has(run)) return this.#threw(held, run, run.abortReason);
    if (age < handlerTimeoutMs + abandonAfterMs) return;
    this.counts.abandoned++;
    this.#options.warn(
      `The handler of ${held.topic} ${held.id} did not end when it was aborted; it is given up and may still be running. Have it heed message.signal.`,
    );
    this.#threw(held, run, run.abortReason);
  }

  #checkIdle(): void {
    if (this.#whenIdle !== undefined && this.#running + this.#burying === 0) this.#whenIdle();
  }
}

const unknownTopic = "The message does not say its topic, and no topicFrom finds it.";

function tooOften({ deliveries }: Delivery): string {
  return `This is delivery number ${deliveries}, more than maxDeliveries allows: perhaps its handler ends the process.`;
}
