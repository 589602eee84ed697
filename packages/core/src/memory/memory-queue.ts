import { nextTurn } from "../driver/next-turn.ts";
import { matches } from "../topic/filter.ts";
import { parseCheckedFilter } from "../topic/grammar.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import { MemoryBacklog } from "./memory-backlog.ts";
import type { QueuedMessage } from "./queued-message.ts";

/** Who takes messages from a queue. */
export interface QueueMember {
  /** Takes the message, or says no because there is no credit. */
  take(message: QueuedMessage): boolean;
}

/** The messages of one subscription: what a group shares, or what one subscriber has for itself. */
export class MemoryQueue {
  readonly name: string;
  readonly filter: ParsedFilter;
  /** Outlives its members. */
  readonly durable: boolean;
  readonly #waiting = new MemoryBacklog();
  readonly #members: QueueMember[] = [];
  readonly #limit: number;
  #turn = 0;
  #scheduled = false;

  constructor(name: string, filter: string, durable: boolean, limit: number) {
    this.name = name;
    this.filter = parseCheckedFilter(filter);
    this.durable = durable;
    this.#limit = limit;
  }

  get waiting(): number {
    return this.#waiting.alive;
  }

  get full(): boolean {
    return this.#waiting.length >= this.#limit && this.#waiting.alive >= this.#limit;
  }

  get abandoned(): boolean {
    return this.#members.length === 0;
  }

  wants(topic: string): boolean {
    return matches(this.filter, topic);
  }

  push(message: QueuedMessage): void {
    this.#waiting.push(message);
    this.pump();
  }

  /** Takes messages back that were handed out, each at its old place. */
  giveBack(messages: readonly QueuedMessage[]): void {
    for (const message of messages) this.#waiting.restore(message);
    this.pump();
  }

  join(member: QueueMember): void {
    this.#members.push(member);
    this.pump();
  }

  leave(member: QueueMember): void {
    const index = this.#members.indexOf(member);
    if (index !== -1) this.#members.splice(index, 1);
  }

  /** Hands out in the next turn of the event loop, as a broker on the network would: never from within a publish. */
  pump(): void {
    if (this.#scheduled || this.#members.length === 0 || this.#waiting.length === 0) return;
    this.#scheduled = true;
    nextTurn(() => {
      this.#scheduled = false;
      this.#handOut();
    });
  }

  /** Round robin over the members that have credit; what is given back meanwhile waits for the next turn. */
  #handOut(): void {
    let left = this.#waiting.length;
    for (let refused = 0; refused < this.#members.length && left > 0;) {
      const member = this.#members[this.#turn++ % this.#members.length];
      const message = this.#waiting.shift();
      if (member === undefined || message === undefined) return;
      if (member.take(message)) {
        left--;
        refused = 0;
      } else {
        this.#waiting.restore(message);
        refused++;
      }
    }
    if (left === 0) this.pump();
  }
}
