import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Watermark } from "../../src/watermark.ts";

describe("the contiguous watermark", () => {
  it("never passes a record that is not settled, in whatever order records are settled", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        fc.nat(100),
        (numbers, picks, start) => {
          const offsets = numbers.sort((one, other) => one - other).map((offset) => offset + start);
          const watermark = new Watermark(start);
          const marks = offsets.map((offset) => watermark.track(offset));
          const open = new Set(offsets);
          for (const pick of picks) {
            if (open.size === 0) break;
            const offset = [...open][pick % open.size] ?? 0;
            const before = watermark.position;
            const moved = watermark.settle(marks[offsets.indexOf(offset)] ?? fail());
            open.delete(offset);
            expect(watermark.position).toBe(open.size === 0 ? (offsets.at(-1) ?? 0) + 1 : Math.min(...open));
            expect(moved).toBe(watermark.position !== before || before === offset);
          }
        },
      ),
    );
  });

  it("stays at its beginning while nothing was tracked, and refuses to go back", () => {
    const watermark = new Watermark(7);
    expect(watermark.position).toBe(7);
    watermark.track(9);
    expect(watermark.position).toBe(9);
    expect(() => watermark.track(9)).toThrow(RangeError);
  });

  it("lists what is not settled, in order", () => {
    const watermark = new Watermark(0);
    const marks = [0, 1, 5, 6].map((offset) => watermark.track(offset));
    for (const index of [0, 2]) watermark.settle(marks[index] ?? fail());
    expect([...watermark.unsettled()]).toEqual([1, 6]);
  });

  it("takes a second settlement of the same record for nothing", () => {
    const watermark = new Watermark(0);
    const [first, second] = [watermark.track(0), watermark.track(1)];
    expect(watermark.settle(first)).toBe(true);
    expect(watermark.settle(first)).toBe(false);
    expect(watermark.position).toBe(1);
    expect(watermark.settle(second)).toBe(true);
    expect(watermark.position).toBe(2);
  });
});

function fail(): never {
  throw new Error("no such mark");
}
