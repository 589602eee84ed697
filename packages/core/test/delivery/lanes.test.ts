import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lanes } from "../../src/delivery/lanes.ts";

interface Item {
  readonly lane: string | undefined;
  readonly number: number;
}

describe("lanes", () => {
  it("keep the order of each lane and let nothing else wait, whatever ends first", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "b", undefined), { maxLength: 40 }),
        fc.infiniteStream(fc.nat()),
        (laneOf, choices) => {
          const lanes = new Lanes<Item>();
          for (const [number, lane] of laneOf.entries()) lanes.add({ lane, number }, lane);
          const running: Item[] = [];
          const ended: Item[] = [];
          for (;;) {
            for (let item = lanes.take(); item !== undefined; item = lanes.take()) running.push(item);
            const held = running.map((item) => item.lane).filter((lane) => lane !== undefined);
            expect(new Set(held).size).toBe(held.length);
            if (running.length === 0) break;
            const [item] = running.splice((choices.next().value as number) % running.length, 1);
            if (item === undefined) break;
            ended.push(item);
            lanes.leave(item.lane);
          }
          expect(ended.length).toBe(laneOf.length);
          for (const lane of ["a", "b"]) {
            const numbers = ended.filter((item) => item.lane === lane).map((item) => item.number);
            expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
          }
          expect(lanes.waiting).toBe(0);
        },
      ),
    );
  });

  it("keep a lane for an item that waits for another attempt", () => {
    const lanes = new Lanes<string>();
    lanes.add("first", "k");
    lanes.add("second", "k");
    expect(lanes.take()).toBe("first");
    expect(lanes.take()).toBeUndefined();
    lanes.again("first");
    expect(lanes.take()).toBe("first");
    lanes.leave("k");
    expect(lanes.take()).toBe("second");
  });
});
