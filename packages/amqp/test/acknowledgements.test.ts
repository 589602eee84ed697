import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Acknowledgements } from "../src/acknowledgements.ts";

/** What a broker keeps of a channel: which tags are out, and what happened to each. */
class Ledger {
  readonly out = new Set<number>();
  readonly acknowledged = new Set<number>();
  readonly frames: string[] = [];

  ack(tag: number, allUpTo: boolean): void {
    // RabbitMQ closes the channel for a tag that is not out.
    if (!this.out.has(tag)) throw new Error(`unknown delivery tag ${tag}`);
    this.frames.push(`${allUpTo ? "up to " : ""}${tag}`);
    for (const other of [...this.out]) if (other === tag || (allUpTo && other < tag)) this.#done(other);
  }

  nack(tag: number): void {
    if (!this.out.delete(tag)) throw new Error(`unknown delivery tag ${tag}`);
  }

  #done(tag: number): void {
    this.out.delete(tag);
    this.acknowledged.add(tag);
  }
}

function started(count: number): { ledger: Ledger; acknowledgements: Acknowledgements<{ readonly tag: number }> } {
  const ledger = new Ledger();
  const acknowledgements = new Acknowledgements<{ readonly tag: number }>(ledger);
  for (let tag = 1; tag <= count; tag++) {
    ledger.out.add(tag);
    acknowledgements.delivered(tag);
  }
  return { ledger, acknowledgements };
}

describe("acknowledgements", () => {
  it("are one frame where nothing unsettled lies between", () => {
    const { ledger, acknowledgements } = started(5);
    for (const tag of [3, 1, 2]) acknowledgements.ack({ tag });
    expect(acknowledgements.flush()).toBe(1);
    expect(ledger.frames).toEqual(["up to 3"]);
  });

  it("never cover an unsettled message", () => {
    const { ledger, acknowledgements } = started(5);
    for (const tag of [1, 2, 4, 5]) acknowledgements.ack({ tag });
    expect(acknowledgements.flush()).toBe(3);
    expect(ledger.frames).toEqual(["up to 2", "4", "5"]);
    expect([...ledger.out]).toEqual([3]);
  });

  it("keep what could not be written", () => {
    const { ledger, acknowledgements } = started(2);
    acknowledgements.ack({ tag: 1 });
    const failing = new Acknowledgements<{ readonly tag: number }>({
      ack: () => {
        throw new Error("closed");
      },
      nack: () => undefined,
    });
    failing.delivered(1);
    failing.ack({ tag: 1 });
    expect(() => failing.flush()).toThrow("closed");
    expect(failing.pending).toEqual([{ tag: 1 }]);
    expect(ledger.frames).toEqual([]);
  });

  it("acknowledge exactly what was acknowledged, in any order and over any turns", () => {
    const act = fc.record({
      pick: fc.nat(),
      how: fc.constantFrom("ack", "ack", "ack", "release", "reject"),
      flush: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.array(act, { maxLength: 60 }), (count, acts) => {
        const { ledger, acknowledgements } = started(count);
        const open = Array.from({ length: count }, (_, index) => index + 1);
        const acknowledged: number[] = [];
        for (const { pick, how, flush } of acts) {
          const [tag] = open.length === 0 ? [] : open.splice(pick % open.length, 1);
          if (tag !== undefined && how === "ack") {
            acknowledged.push(tag);
            acknowledgements.ack({ tag });
          } else if (tag !== undefined) acknowledgements.nack(tag, how === "release");
          if (flush) acknowledgements.flush();
        }
        acknowledgements.flush();
        expect([...ledger.acknowledged].sort((one, other) => one - other)).toEqual(
          acknowledged.sort((one, other) => one - other),
        );
        expect([...ledger.out]).toEqual(open);
      }),
    );
  });
});
