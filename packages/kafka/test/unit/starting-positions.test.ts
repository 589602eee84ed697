import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startingPositions } from "../../src/starting-positions.ts";

const topic = "t";
const bounds = [
  { topic, partition: 0, low: 2, high: 10 },
  { topic, partition: 1, low: 0, high: 5 },
];
const mine = [{ topic, partition: 0 }];
const base = { bounds, assigned: mine, committed: [], known: false, startFrom: "new" } as const;

describe("where a member begins", () => {
  it("is the end for a new group, in every partition, also in those of others", () => {
    const { commit, start } = startingPositions(base);
    expect(commit).toEqual([
      { topic, partition: 0, offset: 10 },
      { topic, partition: 1, offset: 5 },
    ]);
    expect(start).toEqual([{ topic, partition: 0, offset: 10 }]);
  });

  it("is the first message for a new group that wants the earliest", () => {
    expect(startingPositions({ ...base, startFrom: "earliest" }).start).toEqual([{ topic, partition: 0, offset: 2 }]);
  });

  it("is the first message in a partition that a known group has no place in, whatever it wants", () => {
    const others = [{ topic: "other", partition: 0, offset: 3 }];
    for (const startFrom of ["new", "earliest"] as const) {
      expect(startingPositions({ ...base, known: true, startFrom }).start).toEqual([
        { topic, partition: 0, offset: 2 },
      ]);
      expect(startingPositions({ ...base, committed: others, startFrom }).start).toEqual([
        { topic, partition: 0, offset: 2 },
      ]);
    }
  });

  it("is the committed place, which is never written again", () => {
    const committed = [
      { topic, partition: 0, offset: 4 },
      { topic, partition: 1, offset: 1 },
    ];
    expect(startingPositions({ ...base, committed })).toEqual({
      commit: [],
      start: [{ topic, partition: 0, offset: 4 }],
      lost: [],
    });
  });

  it("is the first message where the committed place is outside the log, and says so", () => {
    for (const offset of [1, 11]) {
      const { commit, start, lost } = startingPositions({
        ...base,
        committed: [
          { topic, partition: 0, offset },
          { topic, partition: 1, offset: 99 },
        ],
      });
      expect(start).toEqual([{ topic, partition: 0, offset: 2 }]);
      expect(commit).toEqual(start);
      expect(lost).toEqual(mine);
    }
  });

  it("never skips a message that was published after the ends were read", () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.nat(50),
        fc.option(fc.nat(100)),
        fc.boolean(),
        fc.constantFrom("new" as const, "earliest" as const),
        (low, more, place, known, startFrom) => {
          const high = low + more;
          const committed = place === null ? [] : [{ topic, partition: 0, offset: place }];
          const { start } = startingPositions({
            bounds: [{ topic, partition: 0, low, high }],
            committed,
            assigned: mine,
            known,
            startFrom,
          });
          expect(start[0]?.offset).toBeLessThanOrEqual(high);
          expect(start[0]?.offset).toBeGreaterThanOrEqual(low);
        },
      ),
    );
  });
});
