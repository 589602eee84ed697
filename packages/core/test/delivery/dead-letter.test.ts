import { describe, expect, it } from "vitest";
import {
  deadLetterContentType,
  deadLetterFromRecord,
  deadLetterSlot,
  deadLetterToRecord,
} from "../../src/delivery/dead-letter.ts";
import type { DeadLetter, DeadLetterDetail } from "../../src/delivery/dead-letter.ts";

const letter: DeadLetter = {
  id: "1",
  topic: "a.b",
  key: undefined,
  headers: {},
  body: new TextEncoder().encode("body"),
  contentType: undefined,
  timestamp: 0,
  group: "g",
  filter: "a.*",
  reason: "rejected",
  error: "",
  attempts: 1,
  deadAt: 0,
};

describe("the slot of a dead letter", () => {
  it("is the same whenever the same message is given up", () => {
    const again = { ...letter, attempts: 7, deadAt: 9, error: "another" };
    expect(deadLetterSlot(again, true)).toBe(deadLetterSlot(letter, true));
    expect(deadLetterSlot(letter, true)).toMatch(/^[0-9a-f]{32}$/);
  });

  it("tells apart what has one id on two topics, and what two subscriptions give up", () => {
    const others = [{ topic: "a.c" }, { filter: "a.**" }, { id: "2" }];
    const slots = [{}, ...others].map((change) => deadLetterSlot({ ...letter, ...change }, true));
    expect(new Set(slots).size).toBe(4);
  });

  it("goes by the body where a foreign message has no id of its own, for it is given another one each time", () => {
    const other = { ...letter, body: new TextEncoder().encode("other") };
    expect(deadLetterSlot({ ...letter, id: "made up" }, false)).toBe(deadLetterSlot(letter, false));
    expect(deadLetterSlot(other, false)).not.toBe(deadLetterSlot(letter, false));
  });
});

describe("a dead letter that has to be small", () => {
  const large = { ...letter, error: `Error: ${"e".repeat(2_000)}`, attempts: 3, deadAt: 7, broker: "other" };
  const sizeOf = (detail: DeadLetterDetail): number =>
    JSON.stringify(deadLetterToRecord(large, "dlq", true, detail).headers).length;

  it("says less and less, and all that publishing it again takes", () => {
    expect(sizeOf("brief")).toBeLessThan(sizeOf("full") - 900);
    expect(sizeOf("least")).toBeLessThan(sizeOf("brief") - 80);
    const record = deadLetterToRecord(large, "dlq", true, "least");
    expect(deadLetterFromRecord(record, "g", true)).toEqual({ ...large, filter: "", error: "" });
  });
});

describe("what lies among dead letters", () => {
  it.each([
    "no JSON",
    "null",
    "7",
    "{}",
    JSON.stringify({ ...letter, body: 7 }),
    JSON.stringify({ ...letter, body: "Ym9keQ==", topic: null }),
    JSON.stringify({ ...letter, body: "Ym9keQ==", headers: { one: 1 } }),
  ])("and is no envelope of ours is read as the bytes that it is: %s", (text) => {
    const body = new TextEncoder().encode(text);
    const foreign = { address: "_busbar.dlq.g", body, headers: {} };
    const read = deadLetterFromRecord({ ...foreign, contentType: deadLetterContentType }, "g", true);
    expect(read).toMatchObject({ body, group: "g", reason: "undecodable", topic: "_busbar.dlq.g" });
    expect(read.error).toMatch(/Error: ./);
    expect(deadLetterFromRecord(foreign, "g", false)).toMatchObject({ body, group: "g", reason: "undecodable" });
  });

  it.each([
    ["empty, as its body is", new Uint8Array(), true],
    ["on a broker without headers", letter.body, false],
  ])("may be a dead letter of an enveloped one, and is the outer one: %s", (_what, body, headersCarried) => {
    const inner = deadLetterToRecord({ ...letter, body }, "dead.orders", headersCarried);
    const outer = { ...letter, topic: "dead.orders", group: "menders", filter: "dead.*", body: inner.body };
    const again = deadLetterToRecord(
      { ...outer, contentType: inner.contentType },
      "_busbar.dlq.menders",
      headersCarried,
    );
    const read = deadLetterFromRecord(again, "menders", headersCarried);
    expect(read).toEqual({ ...outer, contentType: deadLetterContentType });
  });
});
