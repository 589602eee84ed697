/**
 * Items that come and go by the thousand, each in a place with a number. A `Set` of them would cost more than the items: it replaces its
 * table again and again, and tables that were let go of keep alive what they point to, until a whole collection
 * (`docs/performance.md`).
 */
export class Slots<Item> {
  readonly #items: (Item | undefined)[] = [];
  /** For each place, when it was taken. */
  readonly #turns: number[] = [];
  readonly #free: number[] = [];
  #turn = 0;

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** Takes an item in and returns the number of its place, which is its own until `remove`. */
  add(item: Item): number {
    const place = this.#free.pop() ?? this.#items.length;
    this.#items[place] = item;
    this.#turns[place] = this.#turn++;
    return place;
  }

  get(place: number): Item | undefined {
    return this.#items[place];
  }

  /** Empties a place that is taken. */
  remove(place: number): void {
    this.#items[place] = undefined;
    this.#free.push(place);
  }

  /** Takes all items out, in the order in which they came. */
  takeAll(): Item[] {
    const items = this.inOrder();
    for (const [place, item] of this.#items.entries()) if (item !== undefined) this.remove(place);
    return items;
  }

  /** All items, in no order: sorting many of them takes its time. */
  all(): Item[] {
    return this.#items.filter((item) => item !== undefined);
  }

  /** All items, in the order in which they came. */
  inOrder(): Item[] {
    const places: number[] = [];
    for (const [place, item] of this.#items.entries()) if (item !== undefined) places.push(place);
    places.sort((one, other) => (this.#turns[one] ?? 0) - (this.#turns[other] ?? 0));
    return places.map((place) => this.#items[place] as Item);
  }
}
