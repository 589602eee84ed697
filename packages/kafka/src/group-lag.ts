import type { AbortOptions, LagProbe } from "@busbar/core/contract";
import { abortable } from "@busbar/core/driver";
import type { Control } from "./control.ts";
import { keyOf } from "./starting-positions.ts";
import { isInternal } from "./topic.ts";

/** The lag of a consumer group: what lies between its committed places and the ends of its partitions. */
export class GroupLag implements LagProbe {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  /** Resolves to the number of messages; to `undefined` where the group has no place yet. */
  lag(subscription: string, options?: AbortOptions): Promise<number | undefined> {
    const waiting = this.#control.ask(`Reading the lag of "${subscription}"`, async (control) => {
      const committed = (await control.committed(subscription)).filter(({ topic }) => !isInternal(topic));
      if (committed.length === 0) return undefined;
      const bounds = await control.bounds([...new Set(committed.map(({ topic }) => topic))]);
      const ends = new Map(bounds.map((entry) => [keyOf(entry), entry]));
      return committed.reduce((sum, place) => {
        const end = ends.get(keyOf(place));
        return sum + (end === undefined ? 0 : Math.max(0, end.high - Math.max(place.offset, end.low)));
      }, 0);
    });
    return abortable(waiting, options?.signal);
  }
}
