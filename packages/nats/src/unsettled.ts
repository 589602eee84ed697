import type { Delivery, InboundRecord, Outcome } from "@busbar/core/contract";
import { oncePerTurn, Slots } from "@busbar/core/driver";
import type { Arrival } from "@busbar/core/driver";
import type { Settleable } from "./acknowledgements.ts";
import { positionOf } from "./delivery-info.ts";
import type { DeliveryInfo } from "./delivery-info.ts";
import type { StreamConsumer } from "./stream-consumer.ts";

/** What it takes to give a message back. */
export interface Released extends Settleable {
  readonly consumer: StreamConsumer;
}

/** How an entry is settled by whoever got it. */
type Settle = (entry: Entry, outcome: Outcome, delivery: Delivery, delayMs: number | undefined) => void;

/** A message that is here and unsettled: one object for all that the adapter knows of it, because every message has one. */
export class Entry implements Arrival, Released {
  readonly record: InboundRecord;
  readonly deliveries: number;
  readonly redelivered: boolean;
  readonly consumer: StreamConsumer;
  readonly sequence: number;
  /** The latest delivery's, should the server have sent it twice. */
  ackSubject: string;
  acknowledged = false;
  /** Its place among the unsettled ones. */
  place = -1;
  /** False while it waits for credit. */
  handedOut = false;
  readonly #settle: Settle;

  /** @param redelivered True also where the server has forgotten that it had delivered the message. */
  constructor(
    record: InboundRecord,
    { deliveries, sequence }: DeliveryInfo,
    redelivered: boolean,
    consumer: StreamConsumer,
    ackSubject: string,
    settle: Settle,
  ) {
    this.record = record;
    this.deliveries = deliveries;
    this.redelivered = redelivered;
    this.consumer = consumer;
    this.sequence = sequence;
    this.ackSubject = ackSubject;
    this.#settle = settle;
  }

  /** Made when somebody asks for it: few messages come again. */
  get position(): string {
    return positionOf(this.consumer.stream, this.sequence);
  }

  settle(outcome: Outcome, delivery: Delivery, delayMs?: number): void {
    this.#settle(this, outcome, delivery, delayMs);
  }
}

/** The messages of a subscription that are here and unsettled. */
export class Unsettled {
  readonly #entries = new Slots<Entry>();
  /** The entries by position, while messages come again: those come by the thousand, and hardly ever else. */
  #byPosition: Map<string, Entry> | undefined;
  readonly #forgetSoon = oncePerTurn(() => (this.#byPosition = undefined));

  /** True where a message that was delivered before is here. Its settlement then goes with the new delivery. */
  isHere({ consumer, sequence, ackSubject }: Released): boolean {
    if (this.#byPosition === undefined) {
      this.#byPosition = new Map(this.#entries.all().map((entry) => [entry.position, entry]));
      this.#forgetSoon();
    }
    const same = this.#byPosition.get(positionOf(consumer.stream, sequence));
    if (same === undefined || this.#entries.get(same.place) !== same) return false;
    same.ackSubject = ackSubject;
    return true;
  }

  /** Keeps a message that is not here. */
  add(entry: Entry): void {
    entry.place = this.#entries.add(entry);
    entry.consumer.unsettled++;
    this.#byPosition?.set(entry.position, entry);
  }

  delete(entry: Entry): void {
    if (this.#entries.get(entry.place) === entry) this.#entries.remove(entry.place);
  }

  /** Where to say that a message is still being handled. */
  *leases(): Iterable<string> {
    for (const { ackSubject, acknowledged } of this.#entries.inOrder()) if (!acknowledged) yield ackSubject;
  }

  /** Forgets what waits for credit, and tells how to release it. */
  takeUnhanded(): Released[] {
    const taken = this.#entries.inOrder().filter(({ handedOut }) => !handedOut);
    for (const entry of taken) {
      this.delete(entry);
      entry.consumer.unsettled--;
    }
    return taken;
  }

  /** Forgets everything, and tells how to release what is not acknowledged. */
  takeAll(): Released[] {
    const all = this.#entries.takeAll();
    for (const { consumer, sequence } of all) consumer.gaveBack(sequence);
    return all.filter(({ acknowledged }) => !acknowledged);
  }
}
