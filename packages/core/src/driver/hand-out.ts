import Denque from "denque";
import type { Delivery, InboundRecord, Outcome } from "../contract/index.ts";

/** A message as a driver offers it for handing out. */
export interface Arrival {
  readonly record: InboundRecord;
  readonly deliveries?: number | undefined;
  readonly redelivered: boolean;
  readonly position?: string | undefined;
  readonly failures?: number | undefined;
  readonly longestDelayMs?: number | undefined;
  /**
   * Writes the settlement to the broker. Called at most once, and never after the generation ended. Must not throw. The delivery is what a
   * `settlement-failed` status is about, should it come to that.
   */
  settle(outcome: Outcome, delivery: Delivery, delayMs?: number, failures?: number): void;
}

let ended = 0;

/** How many generations of all hand-outs have ended: while it stays the same, nothing that one of them gave has become stale. */
export function endedGenerations(): number {
  return ended;
}

/** Tells whether a delivery is a hand-out's. */
export function isHandedOut(delivery: Delivery): boolean {
  return delivery instanceof HandedDelivery;
}

/** How a `HandOut` behaves when it is full. */
export interface HandOutOptions<Kind extends Arrival = Arrival> {
  /** The most deliveries that may be out and unsettled. */
  readonly credit: number;
  /** Gets each delivery with the arrival that it was made of. */
  readonly sink: (delivery: Delivery, arrival: Kind) => void;
  /**
   * `hold` (the default) keeps every arrival until there is credit, and calls `onHold(true)` so that the driver can stop the
   * flow, `onHold(false)` once nothing waits any more. `drop-oldest` keeps at most `credit` waiting ones and
   * lets go of the oldest, for brokers that cannot be held back.
   */
  readonly overflow?: "hold" | "drop-oldest";
  readonly onHold?: (held: boolean) => void;
  readonly onDrop?: (count: number) => void;
}

/**
 * The credit of one subscription, enforced in one place for every driver: arrivals go to the sink while there is credit and
 * nobody paused, and wait here otherwise, in order. It also keeps the generations: `endGeneration` makes
 * everything that came before stale, so that settling it does nothing.
 */
export class HandOut<Kind extends Arrival = Arrival> {
  readonly #options: HandOutOptions<Kind>;
  readonly #waiting = new Denque<HandedDelivery<Kind>>();
  #generation = 0;
  #unsettled = 0;
  #paused = false;
  #stopped = false;
  #held = false;
  #idle: (() => void)[] = [];

  constructor(options: HandOutOptions<Kind>) {
    this.#options = options;
  }

  /** How many deliveries of this generation are out and unsettled. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** How many arrivals wait for credit. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** True when another arrival would have to wait. */
  get full(): boolean {
    return this.#paused || this.#stopped || this.#unsettled >= this.#options.credit;
  }

  /** Hands the arrival out, or keeps it until there is credit. After `stop` it is left alone: unsettled, for the broker to deliver again. */
  offer(arrival: Kind): void {
    if (this.#stopped) return;
    const delivery = new HandedDelivery(this, this.#generation, arrival);
    if (this.#waiting.length === 0 && !this.full) return this.#hand(delivery);
    this.#waiting.push(delivery);
    if (this.#options.overflow === "drop-oldest") {
      if (this.#waiting.length <= this.#options.credit) return;
      this.#waiting.shift();
      this.#options.onDrop?.(1);
    } else this.#hold(true);
  }

  /** Hands nothing out until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
  }

  /** Hands nothing out any more; what waited here is forgotten, unsettled. What is out can still be settled. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    this.#hold(false);
  }

  /** Makes every delivery so far stale, forgets what waited, and gives all credit back: the broker will deliver again. */
  endGeneration(): void {
    this.#generation++;
    ended++;
    this.#unsettled = 0;
    this.#waiting.clear();
    this.#hold(false);
    this.#wakeIdle();
  }

  /** Resolves once nothing of this generation is out and unsettled. */
  idle(): Promise<void> {
    return this.#unsettled === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** @internal */
  isCurrent(generation: number): boolean {
    return generation === this.#generation;
  }

  /** @internal Returns the credit of one delivery. */
  returnCredit(): void {
    this.#unsettled--;
    if (this.#unsettled === 0) this.#wakeIdle();
    this.#pump();
  }

  #wakeIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #pump(): void {
    while (!this.full) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#hand(next);
    }
    if (this.#waiting.length === 0) this.#hold(false);
  }

  #hand(delivery: HandedDelivery<Kind>): void {
    this.#unsettled++;
    delivery.handTo(this.#options.sink);
  }

  #hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    this.#options.onHold?.(held);
  }
}

class HandedDelivery<Kind extends Arrival> implements Delivery {
  readonly #handOut: HandOut<Kind>;
  readonly #generation: number;
  readonly #arrival: Kind;
  #settled = false;

  constructor(handOut: HandOut<Kind>, generation: number, arrival: Kind) {
    this.#handOut = handOut;
    this.#generation = generation;
    this.#arrival = arrival;
  }

  handTo(sink: HandOutOptions<Kind>["sink"]): void {
    sink(this, this.#arrival);
  }

  get record(): InboundRecord {
    return this.#arrival.record;
  }

  get redelivered(): boolean {
    return this.#arrival.redelivered;
  }

  get deliveries(): number | undefined {
    return this.#arrival.deliveries;
  }

  get position(): string | undefined {
    return this.#arrival.position;
  }

  get failures(): number | undefined {
    return this.#arrival.failures;
  }

  get longestDelayMs(): number | undefined {
    return this.#arrival.longestDelayMs;
  }

  get stale(): boolean {
    return !this.#handOut.isCurrent(this.#generation);
  }

  settle(outcome: Outcome, delayMs?: number, failures?: number): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.stale) return;
    this.#arrival.settle(outcome, this, delayMs, failures);
    this.#handOut.returnCredit();
  }
}
