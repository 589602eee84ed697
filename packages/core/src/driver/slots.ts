/**
 * Items that come and go by the thousand, each in a place with a number. A `Map` or `Set` of them would cost more than the items: it replaces its
 * table again and again, and tables that were let go of keep young objects alive that point to others, until a whole collection
 * (`docs/performance.md`).
 */
export class Slots<Item> {
  readonly #items: (Item | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** Takes an item in and returns the number of its place, which is its own until `remove`. */
  add(item: Item): number {
    const free = this.#free.pop();
    if (free === undefined) return this.#items.push(item) - 1;
    this.#items[free] = item;
    return free;
  }

  get(place: number): Item | undefined {
    return this.#items[place];
  }

  /** Empties a place that is taken. */
  remove(place: number): void {
    this.#items[place] = undefined;
    this.#free.push(place);
  }

  /** All items, in no order. */
  all(): Item[] {
    return this.#items.filter((item) => item !== undefined);
  }
}
