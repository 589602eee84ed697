import type { OutboundRecord, PublishOutcome } from "@busbar/core/contract";
import { SlotMap } from "@busbar/core/driver";

/** What has to be known of a message to tell its fate. */
export type PublishedMessage = Pick<OutboundRecord, "topic" | "address" | "id" | "body"> &
  Partial<Pick<OutboundRecord, "key" | "delivery">>;

/** A publish on its way to the broker's confirm. */
export class UnconfirmedPublish {
  readonly exchange: string;
  readonly routingKey: string;
  readonly record: PublishedMessage;
  readonly outcome: PublishOutcome;
  /** Counts up in the order of sending. */
  readonly sequence: number;
  /** The broker sent it back: it fits no queue. */
  returned = false;
  /** Its caller has the outcome already; only the confirm is still to come. */
  settled = false;
  /** The next one with the same id. */
  next: UnconfirmedPublish | undefined;

  constructor(
    exchange: string,
    routingKey: string,
    record: PublishedMessage,
    outcome: PublishOutcome,
    sequence: number,
  ) {
    this.exchange = exchange;
    this.routingKey = routingKey;
    this.record = record;
    this.outcome = outcome;
    this.sequence = sequence;
  }

  refuse(error: Error): void {
    this.settled = true;
    this.outcome.refused(error);
  }
}

/**
 * The publishes of one channel that the broker has not confirmed yet, found by their id: what the broker returns as unroutable
 * comes with nothing but its properties and routing key. The broker returns in the order of sending, so
 * of two under one id and routing key the first that was not returned is meant.
 */
export class UnconfirmedPublishes {
  readonly #byId = new SlotMap<UnconfirmedPublish>();
  #idle: (() => void)[] = [];

  add(publish: UnconfirmedPublish): void {
    let last = this.#byId.get(publish.record.id);
    if (last === undefined) return this.#byId.add(publish.record.id, publish);
    while (last.next !== undefined) last = last.next;
    last.next = publish;
  }

  remove(publish: UnconfirmedPublish): void {
    const { id } = publish.record;
    const first = this.#byId.get(id);
    if (first === publish) {
      this.#byId.take(id);
      if (publish.next !== undefined) this.#byId.add(id, publish.next);
    } else {
      for (let before = first; before !== undefined; before = before.next)
        if (before.next === publish) before.next = publish.next;
    }
    publish.next = undefined;
    if (this.#byId.size === 0) this.#wake();
  }

  /** Notes that the broker returned a message. */
  markReturned(id: string, exchange: string, routingKey: string): void {
    for (let publish = this.#byId.get(id); publish !== undefined; publish = publish.next) {
      if (publish.returned || publish.exchange !== exchange || publish.routingKey !== routingKey) continue;
      publish.returned = true;
      return;
    }
  }

  /** Those that were sent after this one to the same address and key, and whose callers still wait. */
  behind(publish: UnconfirmedPublish): UnconfirmedPublish[] {
    return this.#waiting().filter((later) => isBehind(later, publish));
  }

  /** Takes all of them out; resolves to those whose callers still wait, in the order of sending. */
  drain(): UnconfirmedPublish[] {
    const waiting = this.#waiting();
    this.#byId.takeAll();
    this.#wake();
    return waiting;
  }

  /** Resolves once there are none. */
  idle(): Promise<void> {
    return this.#byId.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #waiting(): UnconfirmedPublish[] {
    const found: UnconfirmedPublish[] = [];
    for (const first of this.#byId.inOrder()) {
      for (let publish: UnconfirmedPublish | undefined = first; publish !== undefined; publish = publish.next) {
        if (!publish.settled) found.push(publish);
      }
    }
    return found.sort((one, other) => one.sequence - other.sequence);
  }

  #wake(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

/** True for one that was sent after the other, to the same address and key. */
export function isBehind({ record, sequence }: UnconfirmedPublish, publish: UnconfirmedPublish): boolean {
  const { address, key } = publish.record;
  return sequence > publish.sequence && record.address === address && record.key === key;
}
