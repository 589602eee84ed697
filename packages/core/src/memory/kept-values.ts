import type { ParsedFilter } from "../topic/grammar.ts";
import { matches } from "../topic/filter.ts";
import { hasExpired } from "./queued-message.ts";
import type { QueuedMessage } from "./queued-message.ts";

/** The last value of each topic that was to be kept. */
export class KeptValues {
  readonly #values = new Map<string, QueuedMessage>();
  readonly #limit: number;

  /** @param limit Of how many topics. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether there is room for a value of this topic. */
  hasRoomFor(topic: string): boolean {
    if (this.#values.has(topic) || this.#values.size < this.#limit) return true;
    for (const [other, value] of this.#values) if (hasExpired(value)) this.#values.delete(other);
    return this.#values.size < this.#limit;
  }

  keep(message: QueuedMessage): void {
    this.#values.set(message.record.address, message.again(true));
  }

  /** What has not expired of the topics that fit, the oldest first. */
  matching(filter: ParsedFilter): QueuedMessage[] {
    return [...this.#values.values()]
      .filter((value) => !hasExpired(value) && matches(filter, value.record.address))
      .sort((one, other) => one.sequence - other.sequence);
  }
}
