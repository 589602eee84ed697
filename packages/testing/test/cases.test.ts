import { describe, expect, it } from "vitest";
import { laws, pendingLaws } from "../src/index.ts";
import { cases, ownLaws } from "./cases.ts";

const ids = laws.map(({ id }) => id);
const pending = pendingLaws.map(({ law }) => law);

describe("the laws", () => {
  it("are the cases that the kit has to hold, but for those that are pending, and its own", () => {
    expect(Object.keys(cases).length).toBe(54 + 26 + 10);
    expect([...ids, ...pending].sort()).toEqual([...Object.keys(cases), ...Object.keys(ownLaws)].sort());
    expect(Object.keys(ownLaws).filter((id) => id in cases)).toEqual([]);
  });

  it("leave pending what the bus has nothing for, and nothing else", () => {
    expect(pending).toEqual(["A9", "D6", "I8", "I10", "I11", "I16"]);
  });

  it("ask no less of an adapter than the cases do", () => {
    const weaker = laws.filter(({ id, everywhere }) => !everywhere && cases[id] !== undefined && cases[id] !== "◇");
    expect(weaker.map(({ id }) => id)).toEqual([]);
  });

  it("that are for some adapters only say what for", () => {
    const baseless = laws.filter(({ everywhere, needs = [] }) => !everywhere && needs.length === 0);
    expect(baseless.map(({ id }) => id)).toEqual([]);
  });
});
