import { PUBLISHER } from "@busbar/core/di";
import type { Publisher } from "@busbar/core";
import { inject, injectable } from "inversify";
import type { Alert } from "../model/alert.ts";
import { stationSlug } from "../model/station-slug.ts";
import { alerts } from "../model/topics.ts";

/** Publishes alerts. */
@injectable()
export class AlertPublisher {
  readonly #publisher: Publisher;

  constructor(@inject(PUBLISHER) publisher: Publisher) {
    this.#publisher = publisher;
  }

  /** Resolves when the broker has confirmed the alert. The same alert has the same id, however often it is published. */
  async publish(alert: Alert): Promise<void> {
    const station = stationSlug(alert.station);
    const id = `${station}-${alert.date}-${alert.kind}`;
    await this.#publisher.publish(alerts, alert, { id, params: { station, kind: alert.kind } });
  }
}
