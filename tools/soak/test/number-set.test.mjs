import assert from "node:assert/strict";
import { test } from "node:test";

import { NumberSet } from "../number-set.mjs";

test("a number is new once, and counts once", () => {
  const numbers = new NumberSet(20);
  assert.equal(numbers.add(0), true);
  assert.equal(numbers.add(19), true);
  assert.equal(numbers.add(0), false);
  assert.equal(numbers.count, 2);
  assert.deepEqual(
    [0, 1, 8, 18, 19].filter((number) => numbers.has(number)),
    [0, 19],
  );
});

test("what is none of the numbers is refused, and not taken for another", () => {
  const numbers = new NumberSet(8);
  for (const number of [-1, 8, 1.5, Number.NaN, /** @type {any} */ ("1"), /** @type {any} */ (undefined)]) {
    assert.throws(() => numbers.add(number), RangeError);
  }
  assert.equal(numbers.count, 0);
});

test("what one set has beyond another is told number by number", () => {
  const confirmed = new NumberSet(1_000);
  const handled = new NumberSet(1_000);
  for (let number = 0; number < 1_000; number++) {
    confirmed.add(number);
    if (number % 333 !== 1) {
      handled.add(number);
    }
  }
  assert.deepEqual(confirmed.without(handled), [1, 334, 667]);
  assert.deepEqual(handled.without(confirmed), []);
});
