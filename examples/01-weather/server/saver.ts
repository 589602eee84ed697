import { Subscribe } from "@busbar/core/di";
import type { Message } from "@busbar/core";
import { inject, injectable } from "inversify";
import { ReadingFile } from "../data/reading-file.ts";
import type { Reading } from "../model/reading.ts";
import { StationOrder } from "../model/station-order.ts";
import { Tally } from "../model/tally.ts";
import { readings } from "../model/topics.ts";

/** Saves every reading once, although a broker may deliver it twice. */
@injectable()
export class Saver {
  readonly #file: ReadingFile;
  readonly #tally: Tally;
  readonly #order = new StationOrder();

  constructor(@inject(ReadingFile) file: ReadingFile, @inject(Tally) tally: Tally) {
    this.#file = file;
    this.#tally = tally;
  }

  /** Eight stations at a time; the days of one station never overlap and never overtake each other. */
  @Subscribe(readings, { group: "saver", concurrency: 8 })
  async save(reading: Reading, message: Message): Promise<void> {
    if (await this.#file.has(message.id)) {
      this.#tally.count("saver", "duplicates");
      return;
    }
    await this.#file.add(message.id, reading);
    if (!this.#order.follows(reading)) this.#tally.count("saver", "outOfOrder");
    this.#tally.count("saver", "handled");
  }
}
