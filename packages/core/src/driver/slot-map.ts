import { Slots } from "./slots.ts";

/** What `Slots` is to a `Set` this is to a `Map`: the table that is replaced again and again has numbers in it, which keep nothing alive. */
export class SlotMap<Item> {
  readonly #places = new Map<string, number>();
  readonly #slots = new Slots<Item>();

  get size(): number {
    return this.#places.size;
  }

  get(key: string): Item | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#slots.get(place);
  }

  /** Takes an item in under a key that has none. */
  add(key: string, item: Item): void {
    this.#places.set(key, this.#slots.add(item));
  }

  /** Takes the item of a key out, and returns it. */
  take(key: string): Item | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const item = this.#slots.get(place);
    this.#places.delete(key);
    this.#slots.remove(place);
    return item;
  }

  /** All items, in the order in which they came. */
  inOrder(): Item[] {
    return this.#slots.inOrder();
  }

  /** Takes all items out, in the order in which they came. */
  takeAll(): Item[] {
    this.#places.clear();
    return this.#slots.takeAll();
  }
}
