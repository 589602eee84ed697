import Denque from "denque";
import { hasExpired } from "./queued-message.ts";
import type { QueuedMessage } from "./queued-message.ts";

/** Messages that wait: those of a higher priority first, of one priority the earlier ones. What has expired is never among them. */
export class MemoryBacklog {
  /** By priority, the highest first. Most often there is one. */
  #lanes: { readonly priority: number; readonly messages: Denque<QueuedMessage> }[] = [];
  #length = 0;
  /** How many of them will expire some day, so that nobody looks for them where there are none. */
  #mortal = 0;

  /** How many wait, with those that have expired since somebody last looked. */
  get length(): number {
    return this.#length;
  }

  /** How many wait that have not expired. */
  get alive(): number {
    if (this.#mortal > 0) this.#bury();
    return this.#length;
  }

  push(message: QueuedMessage): void {
    this.#laneOf(message).push(message);
    this.#count(message, 1);
  }

  /** The next one is taken out. */
  shift(): QueuedMessage | undefined {
    for (const { messages } of this.#lanes) {
      for (let message = messages.shift(); message !== undefined; message = messages.shift()) {
        this.#count(message, -1);
        if (!hasExpired(message)) return message;
      }
    }
    return undefined;
  }

  /** Puts back what was taken out, at its old place. */
  restore(message: QueuedMessage): void {
    const lane = this.#laneOf(message);
    const before: QueuedMessage[] = [];
    for (
      let first = lane.peekFront();
      first !== undefined && first.sequence < message.sequence;
      first = lane.peekFront()
    ) {
      before.push(first);
      lane.shift();
    }
    lane.unshift(message);
    for (const earlier of before.reverse()) lane.unshift(earlier);
    this.#count(message, 1);
  }

  #laneOf({ record: { priority = 0 } }: QueuedMessage): Denque<QueuedMessage> {
    for (const lane of this.#lanes) if (lane.priority === priority) return lane.messages;
    const messages = new Denque<QueuedMessage>();
    this.#lanes.push({ priority, messages });
    this.#lanes.sort((one, other) => other.priority - one.priority);
    return messages;
  }

  #count({ expiresAt }: QueuedMessage, by: 1 | -1): void {
    this.#length += by;
    if (expiresAt !== Infinity) this.#mortal += by;
  }

  #bury(): void {
    const left = this.#lanes.flatMap(({ messages }) => messages.toArray()).filter((message) => !hasExpired(message));
    if (left.length === this.#length) return;
    this.#lanes = [];
    [this.#length, this.#mortal] = [0, 0];
    for (const message of left) this.push(message);
  }
}
