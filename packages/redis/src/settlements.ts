import type { Delivery, Outcome } from "@busbar/core/contract";
import { oncePerTurn } from "@busbar/core/driver";
import type { ConsumerGroup } from "./consumer-group.ts";
import type { Link } from "./link.ts";

/** A settlement on its way. */
export interface Settlement {
  readonly group: ConsumerGroup;
  readonly id: string;
  readonly outcome: Outcome;
  /** For telling that it failed; absent where nobody has the message. */
  readonly delivery: Delivery | undefined;
}

/** Writes the settlements of one turn of the event loop together, one command for a stream, over one life of the connection. */
export class Settlements {
  readonly #link: Link;
  readonly #onFailed: (settlement: Settlement, error: unknown) => void;
  readonly #onGone: (group: ConsumerGroup, count: number) => void;
  readonly #write: () => void;
  #gathered: Settlement[] = [];
  readonly #underWay = new Set<Promise<unknown>>();

  /**
   * @param onFailed Must not throw.
   * @param onGone Told of what was given back and is in the stream no more. Must not throw.
   */
  constructor(
    link: Link,
    onFailed: (settlement: Settlement, error: unknown) => void,
    onGone: (group: ConsumerGroup, count: number) => void,
  ) {
    this.#link = link;
    this.#onGone = onGone;
    this.#onFailed = onFailed;
    this.#write = oncePerTurn(() => this.#writeNow());
  }

  add(settlement: Settlement): void {
    this.#gathered.push(settlement);
    this.#write();
  }

  /** Resolves once all so far are taken, or have failed. */
  async flush(): Promise<void> {
    this.#writeNow();
    await Promise.all(this.#underWay);
  }

  #writeNow(): void {
    const batch = this.#gathered;
    if (batch.length === 0) return;
    this.#gathered = [];
    for (const release of [false, true]) {
      const byGroup = new Map<ConsumerGroup, Settlement[]>();
      for (const settlement of batch) {
        if ((settlement.outcome === "release") !== release) continue;
        const some = byGroup.get(settlement.group);
        if (some === undefined) byGroup.set(settlement.group, [settlement]);
        else some.push(settlement);
      }
      for (const [group, some] of byGroup) this.#send(group, some, release);
    }
  }

  #send(group: ConsumerGroup, settlements: readonly Settlement[], release: boolean): void {
    const ids = settlements.map(({ id }) => id);
    const released = async (): Promise<void> => {
      const gone = await group.release(this.#link, ids);
      if (gone > 0) this.#onGone(group, gone);
    };
    const sent = (release ? released() : group.acknowledge(this.#link, ids))
      .catch((error: unknown) => {
        for (const settlement of settlements) this.#onFailed(settlement, error);
      })
      .finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
  }
}
