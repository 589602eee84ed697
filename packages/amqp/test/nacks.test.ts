import { describe, expect, it } from "vitest";
import { Ways } from "../src/ways.ts";
import { Nacks } from "../src/nacks.ts";

function clocked(bounded = false): { readonly nacks: Nacks; readonly pass: (ms: number) => void } {
  let now = 1000;
  return { nacks: new Nacks(bounded, () => now), pass: (ms) => void (now += ms) };
}

describe("a nack", () => {
  it("means a full queue where the channel had met it before, or where queues are bounded", () => {
    expect(clocked().nacks.reasonOf(true)).toBe("full");
    expect(clocked(true).nacks.reasonOf(false)).toBe("full");
  });

  it("may mean a queue without a leader, until channels have been nacking for 15 s", () => {
    const { nacks, pass } = clocked();
    expect(nacks.reasonOf(false)).toBe("leaderless");
    pass(15_000);
    expect(nacks.reasonOf(false)).toBe("leaderless");
    pass(1);
    expect(nacks.reasonOf(false)).toBe("full");
  });

  it("of a full queue stays one on a fresh channel, and is a new story after a quiet minute", () => {
    const { nacks, pass } = clocked();
    expect(nacks.reasonOf(true)).toBe("full");
    pass(60_000);
    expect(nacks.reasonOf(false)).toBe("full");
    pass(60_001);
    expect(nacks.reasonOf(false)).toBe("leaderless");
  });

  it("is a new story once what was nacked is confirmed, so that leaders may go one after the other", () => {
    const { nacks, pass } = clocked();
    for (let leader = 0; leader < 5; leader++) {
      expect(nacks.reasonOf(false)).toBe("leaderless");
      expect(nacks.leastLifeMs).toBe(1000);
      nacks.renewed();
      nacks.mended();
      pass(10_000);
    }
  });

  it("has the channel replaced after a second at the earliest, ever more rarely while it goes on", () => {
    const { nacks, pass } = clocked();
    const waits: number[] = [];
    for (let number = 0; number < 7; number++) {
      nacks.reasonOf(false);
      waits.push(nacks.leastLifeMs);
      nacks.renewed();
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    pass(60_001);
    nacks.reasonOf(false);
    expect(nacks.leastLifeMs).toBe(1000);
  });
});

describe("queues that were met", () => {
  it("are told apart by exchange and routing key, and forgotten rather than kept without bound", () => {
    const met = new Ways();
    met.add({ exchange: "e", routingKey: "a" });
    expect(met.has({ exchange: "e", routingKey: "a" })).toBe(true);
    expect(met.has({ exchange: "", routingKey: "a" })).toBe(false);
    expect(met.has({ exchange: "e", routingKey: "b" })).toBe(false);
    for (let number = 0; number < 10_000; number++) met.add({ exchange: "e", routingKey: String(number) });
    expect(met.has({ exchange: "e", routingKey: "a" })).toBe(false);
    expect(met.has({ exchange: "e", routingKey: "9999" })).toBe(true);
  });
});
