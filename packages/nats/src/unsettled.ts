import type { Delivery, InboundRecord, Outcome } from "@busbar/core/contract";
import { SlotMap } from "@busbar/core/driver";
import type { Arrival } from "@busbar/core/driver";
import type { StreamConsumer } from "./stream-consumer.ts";

/** What it takes to give a message back. */
export interface Released {
  readonly consumer: StreamConsumer;
  /** The message's place in its stream. */
  readonly sequence: number;
  /** Where its settlement goes. */
  readonly ackSubject: string;
}

/** A message that came, with what is known of its delivery. */
export interface Incoming extends Released {
  readonly record: InboundRecord;
  readonly deliveries: number;
  readonly redelivered: boolean;
}

/** How an entry is settled by whoever got it. */
type Settle = (entry: Entry, outcome: Outcome, delivery: Delivery, delayMs: number | undefined) => void;

/** A message that is here and unsettled: one object for all that the adapter knows of it, because every message has one. */
export class Entry implements Arrival, Released {
  readonly record: InboundRecord;
  readonly deliveries: number;
  readonly redelivered: boolean;
  readonly position: string;
  readonly consumer: StreamConsumer;
  readonly sequence: number;
  /** The latest delivery's, should the server have sent it twice. */
  ackSubject: string;
  acknowledged = false;
  /** False while it waits for credit. */
  handedOut = false;
  readonly #settle: Settle;

  constructor({ record, deliveries, redelivered, consumer, sequence, ackSubject }: Incoming, settle: Settle) {
    this.record = record;
    this.deliveries = deliveries;
    this.redelivered = redelivered;
    this.position = `${consumer.stream}:${sequence}`;
    this.consumer = consumer;
    this.sequence = sequence;
    this.ackSubject = ackSubject;
    this.#settle = settle;
  }

  settle(outcome: Outcome, delivery: Delivery, delayMs?: number): void {
    this.#settle(this, outcome, delivery, delayMs);
  }
}

/** The messages of a subscription that are here and unsettled. */
export class Unsettled {
  /** By their consumer, and their place in its stream. */
  readonly #entries = new Map<StreamConsumer, SlotMap<Entry, number>>();

  /** True for a message that is here already. Its settlement then goes with the new delivery. */
  isHere({ consumer, sequence, ackSubject }: Released): boolean {
    const same = this.#entries.get(consumer)?.get(sequence);
    if (same !== undefined) same.ackSubject = ackSubject;
    return same !== undefined;
  }

  /** Keeps a message that is not here. */
  add(entry: Entry): void {
    const { consumer } = entry;
    let entries = this.#entries.get(consumer);
    if (entries === undefined) this.#entries.set(consumer, (entries = new SlotMap()));
    entries.add(entry.sequence, entry);
    consumer.unsettled++;
  }

  delete({ consumer, sequence }: Entry): void {
    this.#entries.get(consumer)?.take(sequence);
  }

  /** Where to say that a message is still being handled. */
  *leases(): Iterable<string> {
    for (const { ackSubject, acknowledged } of this.#all()) if (!acknowledged) yield ackSubject;
  }

  /** Forgets what waits for credit, and tells how to release it. */
  takeUnhanded(): Released[] {
    const taken = this.#all().filter(({ handedOut }) => !handedOut);
    for (const entry of taken) {
      this.delete(entry);
      entry.consumer.unsettled--;
    }
    return taken;
  }

  /** Forgets everything, and tells how to release what is not acknowledged. */
  takeAll(): Released[] {
    const all = this.#all();
    this.#entries.clear();
    for (const { consumer, sequence } of all) consumer.gaveBack(sequence);
    return all.filter(({ acknowledged }) => !acknowledged);
  }

  #all(): Entry[] {
    return Array.from(this.#entries.values(), (entries) => entries.inOrder()).flat();
  }
}
