import { PUBLISHER } from "@busbar/core/di";
import type { Publisher } from "@busbar/core";
import { inject, injectable } from "inversify";
import { readingId } from "../model/reading.ts";
import type { Reading } from "../model/reading.ts";
import { stationSlug } from "../model/station-slug.ts";
import { Tally } from "../model/tally.ts";
import { readings } from "../model/topics.ts";

/** How many publishes may be unconfirmed at once. Waiting for each would be as safe, and many times slower. */
const outstanding = 256;

/** Publishes readings. It has the publishing face of the bus alone, so nothing here could subscribe. */
@injectable()
export class ReadingPublisher {
  readonly #publisher: Publisher;
  readonly #tally: Tally;

  constructor(@inject(PUBLISHER) publisher: Publisher, @inject(Tally) tally: Tally) {
    this.#publisher = publisher;
    this.#tally = tally;
  }

  /** Publishes them in their order until the signal aborts. Resolves when the broker has confirmed what was sent, rejects when it refuses one. */
  async publishAll(all: readonly Reading[], signal: AbortSignal): Promise<void> {
    // Every lane takes the next reading from the one iterator, so the calls are made in the order of the readings.
    const upcoming = all.values();
    const lane = async (): Promise<void> => {
      for (const reading of upcoming) {
        if (signal.aborted) return;
        await this.#publish(reading);
      }
    };
    await Promise.all(Array.from({ length: outstanding }, lane));
  }

  /** A reading that is published twice has the same id both times, so that whoever gets it can tell. */
  async #publish(reading: Reading): Promise<void> {
    const params = { station: stationSlug(reading.station) };
    await this.#publisher.publish(readings, reading, { id: readingId(reading), params });
    this.#tally.count("publisher", "published");
  }
}
