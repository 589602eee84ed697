import Denque from "denque";

/**
 * Decides what may run: items of one lane one after the other, in the order in which they came; items without a lane at any
 * time. A lane is held from `add` until `leave`, also while its item waits for a retry, so nothing overtakes.
 */
export class Lanes<Item> {
  readonly #ready = new Denque<Item>();
  /** A lane that is held, with those who wait behind its holder; `null` while nobody does. */
  readonly #held = new Map<string, Denque<Item> | null>();
  #behind = 0;

  /** How many items are ready or wait in a lane. */
  get waiting(): number {
    return this.#ready.length + this.#behind;
  }

  /** Adds an item, ready at once unless its lane is held. */
  add(item: Item, lane: string | undefined): void {
    if (lane !== undefined) {
      const behind = this.#held.get(lane);
      if (behind !== undefined) {
        this.#behind++;
        if (behind === null) this.#held.set(lane, new Denque([item]));
        else behind.push(item);
        return;
      }
      this.#held.set(lane, null);
    }
    this.#ready.push(item);
  }

  /** How many items wait behind the one that holds the lane. */
  behind(lane: string | undefined): number {
    return lane === undefined ? 0 : (this.#held.get(lane)?.length ?? 0);
  }

  /** Makes an item ready again that holds its lane. */
  again(item: Item): void {
    this.#ready.unshift(item);
  }

  /** Takes the next ready item. */
  take(): Item | undefined {
    return this.#ready.shift();
  }

  /** Frees a lane: the next in it becomes ready. */
  leave(lane: string | undefined): void {
    if (lane === undefined) return;
    const next = this.#held.get(lane)?.shift();
    if (next === undefined) {
      this.#held.delete(lane);
      return;
    }
    this.#behind--;
    this.#ready.push(next);
  }

  /** Takes everything that is ready or waits in a lane, and frees the lanes of those; lanes of running items stay held. */
  drain(): Item[] {
    const items = this.#ready.toArray();
    this.#ready.clear();
    for (const [lane, behind] of this.#held) {
      if (behind === null) continue;
      items.push(...behind.toArray());
      this.#held.set(lane, null);
    }
    this.#behind = 0;
    return items;
  }
}
