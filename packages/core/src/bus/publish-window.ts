import Denque from "denque";
import type { Broker, OutboundRecord, PublishOutcome, Receipt } from "../contract/index.ts";
import { backoffDelayMs } from "../driver/backoff.ts";
import { BusError, CanceledError, CapacityError, ClosedError, ConnectionError, TimeoutError } from "../errors.ts";
import { onAbort } from "../driver/on-abort.ts";
import { Slots } from "../driver/slots.ts";
import type { Sweep, Swept } from "../delivery/sweep.ts";
import type { PublishSettings } from "./settings.ts";

/** The waits between tries while the connection is up and the broker still refuses. */
const resendBackoff = { initialMs: 50, factor: 2, maxMs: 5_000, jitter: 0.2 };

/** The window, as far as an entry has to do with it. */
interface Window {
  confirmed(entry: Entry, receipt: Receipt): void;
  refused(entry: Entry, error: Error): void;
}

/** One publish call, until it is settled. */
class Entry implements PublishOutcome {
  /** Sent as it is; only `sending` is counted up when it goes again. */
  record: OutboundRecord;
  readonly order: number;
  /** Its place among the open ones. */
  place = -1;
  /** As `performance.now()` tells it. */
  readonly deadline: number;
  readonly timeoutMs: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: Error) => void;
  /** True once it may have reached the broker. */
  sent = false;
  settled = false;
  inFlight = false;
  lastError: Error | undefined = undefined;
  /** Takes the listener off the caller's signal, which may live much longer than the publish. */
  unlisten: (() => void) | undefined = undefined;
  readonly #window: Window;

  constructor(
    window: Window,
    record: OutboundRecord,
    order: number,
    timeoutMs: number,
    resolve: (receipt: Receipt) => void,
    reject: (error: Error) => void,
  ) {
    this.#window = window;
    this.record = record;
    this.order = order;
    this.deadline = performance.now() + timeoutMs;
    this.timeoutMs = timeoutMs;
    this.resolve = resolve;
    this.reject = reject;
  }

  confirmed(receipt: Receipt): void {
    this.#window.confirmed(this, receipt);
  }

  refused(error: Error): void {
    this.#window.refused(this, error);
  }
}

/**
 * The way of every publish to one broker: at most `maxInFlight` unconfirmed, in the order of the calls. While the broker is
 * away publishes wait; what was lost on the way goes again, in order and under its own id, until its time is up.
 */
export class PublishWindow implements Swept {
  readonly #name: string;
  readonly #settings: PublishSettings;
  readonly #sweep: Sweep;
  readonly #open = new Slots<Entry>();
  /** In the order of the calls. What is settled while it waits is let go of by the sweep. */
  #waiting = new Denque<Entry>();
  readonly #failed: Entry[] = [];
  #broker: Broker | undefined;
  #connected = false;
  /** The most that may be in flight: what was asked for, or less where the broker takes less. */
  #mostInFlight: number;
  #fatal: Error | undefined;
  #closed = false;
  #inFlight = 0;
  #failures = 0;
  /** When sending may go on after a failure; 0 when nothing failed. */
  #resumeAt = 0;
  #order = 0;
  #whenIdle: (() => void)[] = [];
  readonly #outcomes: Window = {
    confirmed: (entry, receipt) => this.#confirmed(entry, receipt),
    refused: (entry, error) => this.#refused(entry, error),
  };
  readonly #pumpLater = (): void => this.#pump();

  constructor(name: string, settings: PublishSettings, sweep: Sweep) {
    this.#name = name;
    this.#settings = settings;
    this.#mostInFlight = settings.maxInFlight;
    this.#sweep = sweep;
  }

  /** How many publishes are not settled. */
  get pending(): number {
    return this.#open.size;
  }

  /**
   * Tells that the broker takes messages, or (again) does not.
   *
   * @param limit The most unconfirmed publishes that it takes, where it tells.
   */
  connected(broker: Broker | undefined, limit: number = Number.POSITIVE_INFINITY): void {
    this.#connected = broker !== undefined;
    if (broker !== undefined) {
      this.#broker = broker;
      this.#mostInFlight = Math.min(this.#settings.maxInFlight, limit);
    }
    this.#failures = 0;
    this.#resumeAt = 0;
    this.#pump();
  }

  /** Rejects everything, now and later: the broker will not come back by itself. */
  failed(error: Error): void {
    this.#fatal = error;
    for (const entry of this.#open.inOrder()) this.#rejectEntry(entry, error);
  }

  /** Sends the record when it is its turn; resolves on the broker's confirm. */
  send(record: OutboundRecord, timeoutMs: number, signal: AbortSignal | undefined): Promise<Receipt> {
    return new Promise<Receipt>((resolve, reject) => {
      const refusal = this.#refusal(record, signal);
      if (refusal !== undefined) return reject(refusal);
      const entry = new Entry(this.#outcomes, record, this.#order++, timeoutMs, resolve, reject);
      entry.place = this.#open.add(entry);
      if (signal !== undefined) this.#listen(entry, signal);
      this.#sweep.watch(this);
      if (this.#mayFlow() && this.#waiting.length === 0) this.#transmit(entry);
      else this.#waiting.push(entry);
    });
  }

  /** Resolves once nothing is unsettled. */
  idle(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Takes no more; what is left is rejected: it was not sent, or its outcome is unknown. */
  close(): void {
    this.#closed = true;
    for (const entry of this.#open.inOrder())
      this.#rejectEntry(
        entry,
        entry.sent
          ? this.#unknown(entry, "the bus was closed")
          : new ClosedError(this.#text(entry, "was not sent: the bus was closed.")),
      );
  }

  sweep(now: number): boolean {
    for (const entry of this.#open.all()) if (entry.deadline <= now) this.#expire(entry);
    if (this.#resumeAt !== 0 && now >= this.#resumeAt && this.#inFlight === 0) this.#resumeAt = 0;
    this.#pump();
    this.#forgetSettled();
    return this.#open.size > 0;
  }

  /** Lets go of what was given up before its turn: nobody takes it out while publishes may not flow, which may be for hours. */
  #forgetSettled(): void {
    while (this.#waiting.peekFront()?.settled === true) this.#waiting.shift();
    if (this.#waiting.length <= 2 * this.#open.size) return;
    const left = new Denque<Entry>();
    for (const entry of this.#waiting.toArray()) if (!entry.settled) left.push(entry);
    this.#waiting = left;
  }

  #refusal(record: OutboundRecord, signal: AbortSignal | undefined): Error | undefined {
    const topic = { topic: record.topic, broker: this.#name };
    if (signal?.aborted === true)
      return new CanceledError(`Publish to "${record.topic}" was canceled before it was sent.`, {
        ...topic,
        cause: signal.reason,
      });
    if (this.#closed) return new ClosedError(`The bus is closed; "${record.topic}" was not published.`, topic);
    if (this.#fatal !== undefined) return this.#fatal;
    const { overflow, maxInFlight } = this.#settings;
    if (overflow === "wait" || this.#open.size < maxInFlight) return undefined;
    if (overflow === "drop-oldest") {
      const oldest = this.#takeWaiting();
      if (oldest !== undefined) {
        this.#rejectEntry(
          oldest,
          new CapacityError(this.#text(oldest, "was dropped for a newer one: the window is full."), topic),
        );
        return undefined;
      }
    }
    return new CapacityError(
      `Publish to "${record.topic}" on broker "${this.#name}" was refused: ${this.#open.size} are unconfirmed already; publish less, or raise publish.maxInFlight.`,
      topic,
    );
  }

  #takeWaiting(): Entry | undefined {
    for (;;) {
      const entry = this.#waiting.shift();
      if (entry === undefined || !entry.settled) return entry;
    }
  }

  #listen(entry: Entry, signal: AbortSignal): void {
    const abort = (): void =>
      this.#rejectEntry(
        entry,
        new CanceledError(
          this.#text(
            entry,
            entry.sent ? "was canceled after it was sent; the broker may have it." : "was canceled before it was sent.",
          ),
          {
            broker: this.#name,
            topic: entry.record.topic,
            cause: signal.reason,
          },
        ),
      );
    entry.unlisten = onAbort(signal, abort);
  }

  #mayFlow(): boolean {
    return this.#connected && this.#resumeAt === 0 && this.#failed.length === 0 && this.#inFlight < this.#mostInFlight;
  }

  #pump(): void {
    // What failed goes first, and only once nothing is under way any more: else it would be overtaken.
    if (this.#failed.length > 0 && this.#inFlight === 0 && this.#resumeAt === 0 && this.#connected) {
      const again = this.#failed.splice(0).sort(byOrder).reverse();
      for (const entry of again) this.#waiting.unshift(entry);
    }
    while (this.#mayFlow()) {
      const entry = this.#takeWaiting();
      if (entry === undefined) return;
      this.#transmit(entry);
    }
  }

  #transmit(entry: Entry): void {
    const broker = this.#broker as Broker;
    if (entry.sent) entry.record = { ...entry.record, sending: entry.record.sending + 1 };
    entry.sent = true;
    entry.inFlight = true;
    this.#inFlight++;
    if (broker.post !== undefined) return broker.post(entry.record, entry);
    broker.publish(entry.record).then(
      (receipt) => this.#confirmed(entry, receipt),
      (error: unknown) => this.#refused(entry, error as Error),
    );
  }

  #landed(entry: Entry): void {
    if (!entry.inFlight) return;
    entry.inFlight = false;
    this.#inFlight--;
  }

  #confirmed(entry: Entry, receipt: Receipt): void {
    this.#landed(entry);
    this.#failures = 0;
    if (!entry.settled) {
      this.#settle(entry);
      entry.resolve(receipt);
    }
    this.#pump();
  }

  #refused(entry: Entry, error: Error): void {
    this.#landed(entry);
    entry.lastError = error;
    // A broker that is not there took nothing: then it is certain that this one was not sent.
    if (BusError.is(error) && error.code === "BUSBAR_CONNECTION" && entry.record.sending === 1) entry.sent = false;
    const again =
      BusError.is(error) &&
      error.retryable &&
      error.code !== "BUSBAR_CAPACITY" &&
      (entry.record.delivery === "at-least-once" || !entry.sent);
    if (!again) this.#rejectEntry(entry, error);
    else if (!entry.settled) {
      this.#failed.push(entry);
      if (this.#resumeAt === 0) this.#resumeAt = performance.now() + backoffDelayMs(++this.#failures, resendBackoff);
    }
    // A driver may be about to refuse or send others, which what waits here must not overtake.
    queueMicrotask(this.#pumpLater);
  }

  #expire(entry: Entry): void {
    // The slot is given back: a driver that never answers must not take the window along.
    this.#landed(entry);
    const cause = entry.lastError;
    this.#rejectEntry(
      entry,
      entry.sent
        ? this.#unknown(entry, `no confirm within ${entry.timeoutMs} ms`)
        : new TimeoutError(this.#text(entry, `was not sent within ${entry.timeoutMs} ms: ${this.#why()}.`), {
            broker: this.#name,
            topic: entry.record.topic,
            cause,
          }),
    );
  }

  #why(): string {
    return this.#connected ? "the window of unconfirmed publishes stayed full" : "the broker is not connected";
  }

  #unknown(entry: Entry, why: string): ConnectionError {
    return new ConnectionError(
      this.#text(
        entry,
        `has an unknown outcome: ${why}. Publish it again under the same id; subscribers may see it twice.`,
      ),
      { code: "BUSBAR_OUTCOME_UNKNOWN", broker: this.#name, topic: entry.record.topic, cause: entry.lastError },
    );
  }

  #text(entry: Entry, what: string): string {
    return `Publish of ${entry.record.id} to "${entry.record.topic}" on broker "${this.#name}" ${what}`;
  }

  #rejectEntry(entry: Entry, error: Error): void {
    if (entry.settled) return;
    this.#settle(entry);
    const failed = this.#failed.indexOf(entry);
    if (failed !== -1) this.#failed.splice(failed, 1);
    entry.reject(error);
  }

  #settle(entry: Entry): void {
    entry.settled = true;
    entry.unlisten?.();
    this.#open.remove(entry.place);
    if (this.#open.size > 0) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}

function byOrder(one: Entry, other: Entry): number {
  return one.order - other.order;
}
