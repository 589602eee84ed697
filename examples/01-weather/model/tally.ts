/** The parts of the example, by the names under which they count what they do. */
export type Part = "publisher" | "saver" | "statistics" | "watch" | "board";

/** What can be counted. A duplicate is a message that was handled before, out of order one that came after a later day. */
export type Event = "published" | "handled" | "duplicates" | "outOfOrder" | "frost" | "storm";

/** How often what happened to whom, such as `{ saver: { handled: 12 } }`. */
export type Figures = Partial<Record<Part, Partial<Record<Event, number>>>>;

/** Counts what the parts of the example do, for whoever wants to watch. */
export class Tally {
  readonly figures: Figures = {};
  /** How often anything was counted. */
  changes = 0;
  /** When something was counted last, in milliseconds since the epoch. */
  changedAt = 0;

  count(part: Part, event: Event): void {
    const counts = (this.figures[part] ??= {});
    counts[event] = (counts[event] ?? 0) + 1;
    this.changes++;
    this.changedAt = Date.now();
  }
}
