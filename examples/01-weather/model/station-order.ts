import type { Reading } from "./reading.ts";

/** Sees to it that the days of each station come one after the other. */
export class StationOrder {
  readonly #latest = new Map<string, string>();

  /** False when a later day of the same station came before. */
  follows({ station, date }: Reading): boolean {
    const latest = this.#latest.get(station) ?? "";
    // ISO dates sort as text.
    if (date <= latest) return false;
    this.#latest.set(station, date);
    return true;
  }
}
