import { identityOf } from "./finished-messages.ts";
import { messageId } from "./message-id.ts";
import type { Delivery } from "../contract/index.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import { paramsOf } from "../topic/typed-topic.ts";
import type { IntakeSource } from "./intake-source.ts";

/** A run of its handler, as far as the message has to do with it. */
export interface Run {
  /** When it began, as `performance.now()` tells it. */
  readonly startedAt: number;
  /** Why it was aborted, if it was. */
  readonly abortReason: Error | undefined;
  abort(reason: Error): void;
}

/** A message that a subscription has taken and not settled, over all its attempts. */
export class HeldMessage {
  /** The newest delivery of it: after a reconnect the broker sends it again. */
  delivery: Delivery;
  readonly topic: string;
  readonly source: IntakeSource;
  /** Those of one lane are handled one after the other. */
  readonly lane: string | undefined;
  /** Its place among the held ones. */
  place = -1;
  /** What runs of it at the moment. */
  run: Run | undefined;
  /** How often its handler failed, here or where it was given back with a delay. */
  failures: number;
  /** For how long it has been made to wait here, in milliseconds. */
  waitedMs = 0;
  /** What to do when the wait is over. */
  next: (() => void) | undefined;
  /** When the wait is over, as `performance.now()` tells it; 0 while it has not had to wait. */
  dueAt = 0;
  readonly timestamp: number;
  readonly #filter: ParsedFilter;
  #id: string | undefined;

  constructor(delivery: Delivery, topic: string, lane: string | undefined, filter: ParsedFilter, source: IntakeSource) {
    this.delivery = delivery;
    this.failures = delivery.failures ?? 0;
    this.topic = topic;
    this.lane = lane;
    this.source = source;
    this.timestamp = delivery.record.timestamp ?? Date.now();
    this.#filter = filter;
    this.#id = delivery.record.id;
  }

  /** The message's own id, or one made for a foreign message that has none. */
  get id(): string {
    return (this.#id ??= messageId());
  }

  /** By which name a redelivery of this message can be told; absent where the broker and the message give none. */
  get identity(): string | undefined {
    return identityOf(this.delivery, this.source.prefix);
  }

  get redelivered(): boolean {
    return this.delivery.redelivered;
  }

  params(): Readonly<Record<string, string>> {
    return paramsOf(this.#filter, this.topic);
  }
}
