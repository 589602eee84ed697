import { Reject } from "@busbar/core";
import type { Bus, Message } from "@busbar/core";

/** What a handler saw of a message. */
export interface Seen {
  readonly topic: string;
  readonly payload: unknown;
  readonly params: unknown;
  readonly key: string | undefined;
  readonly headers: unknown;
  readonly contentType: string;
  readonly attempt: number;
}

interface Step {
  readonly step: number;
  readonly fails?: "once" | "always" | "rejected";
}

/**
 * An application's handlers, which know no broker: `billing` handles the steps of each order in the order of its key, with
 * retries and dead letters, and an observer without a group sees whatever happens.
 */
export class OrderHandlers {
  readonly handled: Seen[] = [];
  readonly observed: Seen[] = [];
  readonly group: string;
  readonly filter: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.group = `${root}-billing`;
    this.filter = `${root}.{order}.step`;
  }

  /** Resolves when both are subscribed. */
  async subscribe(bus: Bus): Promise<void> {
    const retry = { attempts: 3, backoffMs: 20, maxBackoffMs: 50 };
    await bus.subscribe<Step>(
      this.filter,
      { group: this.group, concurrency: 4, order: "key", retry },
      (payload, message) => {
        this.handled.push(this.#seen(payload, message));
        if (payload.fails === "rejected") throw new Reject("no such order");
        if (payload.fails === "always" || (payload.fails === "once" && message.attempt === 1))
          throw new Error(`step ${payload.step} failed`);
      },
    );
    await bus.subscribe(`${this.#root}.**`, (payload, message) => this.observed.push(this.#seen(payload, message)));
  }

  #seen(payload: unknown, message: Message): Seen {
    const { topic, params, key, headers, contentType, attempt } = message;
    return { topic: topic.replace(this.#root, "order"), payload, params, key, headers, contentType, attempt };
  }
}
