import type { UnconfirmedPublish } from "./unconfirmed-publishes.ts";

/** How many ways are remembered; forgetting one costs certainty, never a message. */
const most = 10_000;

type Way = Pick<UnconfirmedPublish, "exchange" | "routingKey">;

/** A set of exchanges and routing keys, by which messages go. */
export class Ways {
  readonly #ways = new Map<string, Set<string>>();
  #size = 0;

  add({ exchange, routingKey }: Way): void {
    let keys = this.#ways.get(exchange);
    if (keys?.has(routingKey) === true) return;
    if (this.#size === most) {
      this.#ways.clear();
      this.#size = 0;
      keys = undefined;
    }
    if (keys === undefined) this.#ways.set(exchange, (keys = new Set()));
    keys.add(routingKey);
    this.#size++;
  }

  has({ exchange, routingKey }: Way): boolean {
    return this.#ways.get(exchange)?.has(routingKey) === true;
  }

  /** Forgets one; tells whether it was there. */
  remove({ exchange, routingKey }: Way): boolean {
    if (this.#size === 0 || this.#ways.get(exchange)?.delete(routingKey) !== true) return false;
    this.#size--;
    return true;
  }
}
