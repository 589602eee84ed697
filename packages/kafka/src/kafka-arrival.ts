import type { Delivery, InboundRecord, Outcome } from "@busbar/core/contract";
import type { Arrival } from "@busbar/core/driver";
import type { ClientRecord } from "./client.ts";
import { toRecord } from "./to-record.ts";
import type { Mark, Watermark } from "./watermark.ts";

/** One partition while this member has it. */
export interface HeldPartition {
  readonly key: string;
  readonly topic: string;
  readonly partition: number;
  /** The bus topic. */
  readonly address: string;
  watermark: Watermark;
  /** The place that is known to be committed. */
  committed: number;
  /** The last one that moved the watermark. */
  lastSettled: Delivery | undefined;
}

/** The position of a record: `topic:partition:offset`. */
export function positionOf({ key }: Pick<HeldPartition, "key">, offset: number | string): string {
  return `${key}:${offset}`;
}

/** Whom a settlement is told to. */
export interface Settlements {
  settled(arrival: KafkaArrival, outcome: Outcome, delivery: Delivery): void;
  /** The record was made: it counts as handed out. */
  seen(arrival: KafkaArrival): void;
}

/** A Kafka record on its way to core. What is never handed out is not made. */
export class KafkaArrival implements Arrival {
  readonly held: HeldPartition;
  readonly raw: ClientRecord;
  readonly mark: Mark;
  readonly redelivered: boolean;
  readonly #settlements: Settlements;
  #record: InboundRecord | undefined;
  #position: string | undefined;

  constructor(held: HeldPartition, raw: ClientRecord, mark: Mark, redelivered: boolean, settlements: Settlements) {
    this.held = held;
    this.raw = raw;
    this.mark = mark;
    this.redelivered = redelivered;
    this.#settlements = settlements;
  }

  get record(): InboundRecord {
    if (this.#record === undefined) {
      this.#record = toRecord(this.raw, this.held.address);
      this.#settlements.seen(this);
    }
    return this.#record;
  }

  get position(): string {
    return (this.#position ??= positionOf(this.held, this.raw.offset));
  }

  settle(outcome: Outcome, delivery: Delivery): void {
    this.#settlements.settled(this, outcome, delivery);
  }

  /** The same message once more, with bytes of its own. */
  again(): KafkaArrival {
    return new KafkaArrival(this.held, this.raw, this.mark, true, this.#settlements);
  }
}
