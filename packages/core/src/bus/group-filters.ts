import { intersects } from "../topic/filter.ts";
import type { ParsedFilter } from "../topic/grammar.ts";

interface Entry {
  readonly filter: ParsedFilter;
  subscriptions: number;
}

/** The filters that each group has in this process: tells where a new one overlaps another, so that its group gets messages twice. */
export class GroupFilters {
  readonly #groups = new Map<string, Map<string, Entry>>();

  /** The canonical filter of the group that overlaps this one, where there is one that it does not overlap already. */
  overlapOf(group: string, filter: ParsedFilter): string | undefined {
    const filters = this.#groups.get(group);
    // Its overlaps are not new where it is there already: this is one more member.
    if (filters === undefined || filters.has(filter.canonical)) return undefined;
    for (const other of filters.values()) if (intersects(other.filter, filter)) return other.filter.canonical;
    return undefined;
  }

  /** Counts a subscription that begins. */
  add(group: string, filter: ParsedFilter): void {
    let filters = this.#groups.get(group);
    if (filters === undefined) this.#groups.set(group, (filters = new Map<string, Entry>()));
    const entry = filters.get(filter.canonical);
    if (entry === undefined) filters.set(filter.canonical, { filter, subscriptions: 1 });
    else entry.subscriptions++;
  }

  /** Counts a subscription as ended; the last of its filter takes the filter along. */
  remove(group: string, filter: ParsedFilter): void {
    const filters = this.#groups.get(group);
    const entry = filters?.get(filter.canonical);
    if (filters === undefined || entry === undefined || --entry.subscriptions > 0) return;
    filters.delete(filter.canonical);
    if (filters.size === 0) this.#groups.delete(group);
  }
}
