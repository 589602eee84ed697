import { Subscribe } from "@busbar/core/di";
import type { Message } from "@busbar/core";
import { inject, injectable } from "inversify";
import { AlertPublisher } from "../data/alert-publisher.ts";
import { alertsFor } from "../model/alert.ts";
import type { Reading } from "../model/reading.ts";
import { Tally } from "../model/tally.ts";
import { readings } from "../model/topics.ts";

/** Raises an alert for every frost and every storm. */
@injectable()
export class Watch {
  readonly #alerts: AlertPublisher;
  readonly #tally: Tally;
  readonly #seen = new Set<string>();

  constructor(@inject(AlertPublisher) alerts: AlertPublisher, @inject(Tally) tally: Tally) {
    this.#alerts = alerts;
    this.#tally = tally;
  }

  /** When an alert cannot be published this throws, and the bus calls it again for the same reading. */
  @Subscribe(readings, { group: "watch", concurrency: 8 })
  async look(reading: Reading, message: Message): Promise<void> {
    for (const alert of alertsFor(reading)) await this.#alerts.publish(alert);
    this.#tally.count("watch", this.#seen.has(message.id) ? "duplicates" : "handled");
    this.#seen.add(message.id);
  }
}
