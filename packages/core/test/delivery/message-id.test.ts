import { expect, it, vi } from "vitest";
import { UUID } from "uuidv7";
import { messageId } from "../../src/delivery/message-id.ts";

it("makes UUIDs of version 7, each different and later than the one before", () => {
  const ids = Array.from({ length: 20_000 }, messageId);
  expect(ids.every((id) => UUID.parse(id).getVersion() === 7)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
});

it("makes ids whose random part differs", () => {
  const tails = new Set(Array.from({ length: 1_000 }, () => messageId().slice(-10)));
  expect(tails.size).toBe(1_000);
});

it("makes later ids too after the clock was put back", () => {
  const before = messageId();
  vi.spyOn(Date, "now").mockReturnValue(Date.now() - 60_000);
  const ids = [before, ...Array.from({ length: 1_000 }, messageId)];
  expect(ids.toSorted()).toEqual(ids);
});
