import { expect, it } from "vitest";
import { Slots } from "../../src/driver/slots.ts";

it("gives each item a place that nobody else has, gives it again only once it is free, and knows who came first", () => {
  const slots = new Slots<string>();
  const [a, b] = [slots.add("a"), slots.add("b")];
  expect([slots.get(a), slots.get(b), slots.size]).toEqual(["a", "b", 2]);
  slots.remove(a);
  expect([slots.get(a), slots.size, slots.inOrder()]).toEqual([undefined, 1, ["b"]]);
  const c = slots.add("c");
  expect(c).not.toBe(b);
  expect(slots.inOrder()).toEqual(["b", "c"]);
});

it("takes no more room than its items ever took at once", () => {
  const slots = new Slots<number>();
  for (let round = 0; round < 1_000; round++) slots.remove(slots.add(round));
  expect(slots.add(-1)).toBe(0);
});
