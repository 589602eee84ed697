import type { Delivery, InboundRecord, Outcome } from "@busbar/core/contract";
import type { Arrival } from "@busbar/core/driver";
import type { ConsumerGroup } from "./consumer-group.ts";
import type { Session } from "./session.ts";
import type { Settlement } from "./settlements.ts";

/** An entry that is here and unsettled: one object for all that the adapter knows of it, because every message has one. */
export class HeldEntry implements Arrival, Settlement {
  readonly record: InboundRecord;
  readonly deliveries: number | undefined;
  readonly session: Session;
  readonly group: ConsumerGroup;
  readonly id: string;
  readonly position: string;
  /** False while it waits for credit. */
  handedOut = false;
  /** What became of it; given back until it is settled. */
  outcome: Outcome = "release";
  /** Whose settlement it is, once it is settled by whoever got it. */
  delivery: Delivery | undefined = undefined;
  readonly #settled: (held: HeldEntry) => void;

  /** @param deliveries How often it was delivered, this time included; `undefined` where that is not known of one that was delivered before. */
  constructor(
    session: Session,
    group: ConsumerGroup,
    id: string,
    position: string,
    record: InboundRecord,
    deliveries: number | undefined,
    settled: (held: HeldEntry) => void,
  ) {
    this.session = session;
    this.group = group;
    this.id = id;
    this.position = position;
    this.record = record;
    this.deliveries = deliveries;
    this.#settled = settled;
  }

  get redelivered(): boolean {
    return this.deliveries !== 1;
  }

  settle(outcome: Outcome, delivery: Delivery): void {
    this.outcome = outcome;
    this.delivery = delivery;
    this.#settled(this);
  }
}
