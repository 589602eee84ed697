import { SlotMap } from "@busbar/core/driver";
import type { StreamConsumer } from "./stream-consumer.ts";

/** A message that is here and unsettled. */
export interface Entry {
  readonly position: string;
  readonly consumer: StreamConsumer;
  /** The message's place in its stream. */
  readonly sequence: number;
  /** Where its settlement goes: the latest delivery's, should the server have sent it twice. */
  ackSubject: string;
  acknowledged: boolean;
  /** False while it waits for credit. */
  handedOut: boolean;
}

/** What it takes to give a message back. */
export type Released = Pick<Entry, "consumer" | "ackSubject" | "sequence">;

/** The messages of a subscription that are here and unsettled, by their position. */
export class Unsettled {
  readonly #entries = new SlotMap<Entry>();

  /** Keeps a message that arrived. `undefined` for one that is here already, whose settlement then goes with the new delivery. */
  add(position: string, { consumer, sequence, ackSubject }: Released): Entry | undefined {
    const same = this.#entries.get(position);
    if (same !== undefined) {
      same.ackSubject = ackSubject;
      return undefined;
    }
    const entry: Entry = { position, consumer, sequence, ackSubject, acknowledged: false, handedOut: false };
    this.#entries.add(position, entry);
    consumer.unsettled++;
    return entry;
  }

  get(position: string): Entry | undefined {
    return this.#entries.get(position);
  }

  delete(position: string): void {
    this.#entries.take(position);
  }

  /** Where to say that a message is still being handled. */
  *leases(): Iterable<string> {
    for (const { ackSubject, acknowledged } of this.#entries.inOrder()) if (!acknowledged) yield ackSubject;
  }

  /** Forgets what waits for credit, and tells how to release it. */
  takeUnhanded(): Released[] {
    const taken: Released[] = [];
    for (const entry of this.#entries.inOrder()) {
      if (entry.handedOut) continue;
      this.#entries.take(entry.position);
      entry.consumer.unsettled--;
      taken.push(entry);
    }
    return taken;
  }

  /** Forgets everything, and tells how to release what is not acknowledged. */
  takeAll(): Released[] {
    const entries = this.#entries.takeAll();
    for (const { consumer, sequence } of entries) consumer.gaveBack(sequence);
    return entries.filter(({ acknowledged }) => !acknowledged);
  }
}
