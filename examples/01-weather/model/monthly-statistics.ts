import type { Reading } from "./reading.ts";

/** One station in one month. */
export interface MonthSummary {
  readonly station: string;
  /** Such as `2012-01`. */
  readonly month: string;
  readonly days: number;
  /** Millimetres in all. */
  readonly precipitation: number;
  readonly warmest: number;
  readonly coldest: number;
  /** The strongest mean wind of a day. */
  readonly windiest: number;
}

/** Statistics by station and month. The order in which readings come does not matter, and a day counts once however often it comes. */
export class MonthlyStatistics {
  readonly #months = new Map<string, Map<string, Reading>>();

  /** Takes a reading in; `false` when that station's day was known already. */
  add(reading: Reading): boolean {
    const name = `${reading.station} ${reading.date.slice(0, 7)}`;
    const days = this.#months.get(name) ?? new Map<string, Reading>();
    this.#months.set(name, days);
    const isNew = !days.has(reading.date);
    days.set(reading.date, reading);
    return isNew;
  }

  /** What is known so far, by station and month. */
  summaries(): MonthSummary[] {
    return [...this.#months.keys()].toSorted().map((name) => summary([...(this.#months.get(name)?.values() ?? [])]));
  }
}

function summary(days: readonly Reading[]): MonthSummary {
  return {
    station: days[0]?.station ?? "",
    month: days[0]?.date.slice(0, 7) ?? "",
    days: days.length,
    precipitation: round(days.reduce((sum, day) => sum + day.precipitation, 0)),
    warmest: Math.max(...days.map((day) => day.temperatureMax)),
    coldest: Math.min(...days.map((day) => day.temperatureMin)),
    windiest: Math.max(...days.map((day) => day.wind)),
  };
}

/** To the precision of what was measured, free of what adding fractions leaves behind. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
