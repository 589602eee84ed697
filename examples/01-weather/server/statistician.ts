import { Subscribe } from "@busbar/core/di";
import { inject, injectable } from "inversify";
import { MonthlyStatistics } from "../model/monthly-statistics.ts";
import type { Reading } from "../model/reading.ts";
import { Tally } from "../model/tally.ts";
import { readings } from "../model/topics.ts";

/** Keeps the statistics of every station and month. */
@injectable()
export class Statistician {
  readonly #statistics: MonthlyStatistics;
  readonly #tally: Tally;

  constructor(@inject(MonthlyStatistics) statistics: MonthlyStatistics, @inject(Tally) tally: Tally) {
    this.#statistics = statistics;
    this.#tally = tally;
  }

  @Subscribe(readings, { group: "statistics" })
  take(reading: Reading): void {
    this.#tally.count("statistics", this.#statistics.add(reading) ? "handled" : "duplicates");
  }
}
