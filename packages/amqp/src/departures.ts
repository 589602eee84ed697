import type { Delivery } from "@busbar/core/contract";
import { oncePerTurn } from "@busbar/core/driver";

/**
 * Messages of an at-most-once subscription between their acknowledgement and their handler: those of one turn go to the sink together,
 * once the broker has taken their acknowledgements. When the channel is lost before, nobody knows whether it has, and
 * they are not handed out: the broker delivers again those that it does not count as acknowledged.
 */
export class Departures {
  readonly #sink: (delivery: Delivery) => void;
  readonly #depart: () => void;
  #gathered: Delivery[] = [];
  #taken: () => Promise<void> = () => Promise.resolve();
  #underWay: Promise<void> = Promise.resolve();
  #scheduled: Promise<void> | undefined;
  #resolveScheduled: () => void = () => undefined;

  constructor(sink: (delivery: Delivery) => void) {
    this.#sink = sink;
    this.#depart = oncePerTurn(() => {
      const batch = this.#gathered;
      this.#gathered = [];
      const leaving = this.#taken().then(
        () => this.#handAll(batch),
        () => undefined,
      );
      this.#underWay = Promise.all([this.#underWay, leaving]).then(() => undefined);
      this.#scheduled = undefined;
      this.#resolveScheduled();
    });
  }

  /** Takes a delivery whose acknowledgement was given to its channel; `taken` resolves once the broker has that, and rejects when the channel is gone. */
  add(delivery: Delivery, taken: () => Promise<void>): void {
    this.#gathered.push(delivery);
    this.#taken = taken;
    this.#scheduled ??= new Promise((resolve) => (this.#resolveScheduled = resolve));
    this.#depart();
  }

  /** Resolves once everything that was added has been handed out or dropped. */
  async idle(): Promise<void> {
    await this.#scheduled;
    await this.#underWay;
  }

  #handAll(batch: readonly Delivery[]): void {
    for (const delivery of batch) if (!delivery.stale) this.#sink(delivery);
  }
}
