import { Subscribe } from "@busbar/core/di";
import type { Message } from "@busbar/core";
import { inject, injectable } from "inversify";
import type { Alert } from "../model/alert.ts";
import { Tally } from "../model/tally.ts";
import { alerts } from "../model/topics.ts";

/** The board on which people read the alerts. */
@injectable()
export class Board {
  readonly #tally: Tally;
  readonly #shown = new Set<string>();

  constructor(@inject(Tally) tally: Tally) {
    this.#tally = tally;
  }

  @Subscribe(alerts, { group: "board" })
  show(alert: Alert, message: Message): void {
    if (this.#shown.has(message.id)) {
      this.#tally.count("board", "duplicates");
      return;
    }
    this.#shown.add(message.id);
    this.#tally.count("board", alert.kind);
  }
}
