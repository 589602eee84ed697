import type { Delivery } from "@busbar/core/contract";
import { describe, expect, it } from "vitest";
import { Departures } from "../src/departures.ts";

const delivery = (stale = false): Delivery => ({
  record: {} as never,
  redelivered: false,
  stale,
  settle: () => undefined,
});

describe("departures of an at-most-once subscription", () => {
  it("reach the sink only after the broker has taken their acknowledgements, in order", async () => {
    const handed: Delivery[] = [];
    const departures = new Departures((one) => handed.push(one));
    let take = (): void => undefined;
    const taken = new Promise<void>((resolve) => (take = resolve));
    const [one, other] = [delivery(), delivery()];
    departures.add(one, () => taken);
    departures.add(other, () => taken);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(handed).toEqual([]);
    take();
    await departures.idle();
    expect(handed).toEqual([one, other]);
  });

  it("are dropped when the channel goes before, for the broker may deliver them again", async () => {
    const handed: Delivery[] = [];
    const departures = new Departures((one) => handed.push(one));
    departures.add(delivery(), () => Promise.reject(new Error("channel closed")));
    await departures.idle();
    departures.add(delivery(true), () => Promise.resolve());
    await departures.idle();
    expect(handed).toEqual([]);
  });
});
