import assert from "node:assert/strict";
import { test } from "node:test";

import { KeyOrder } from "../key-order.mjs";

/** @param {readonly (readonly [key: number, place: number, isFirst: boolean])[]} handlings one after the other */
function orderOf(handlings) {
  const order = new KeyOrder(3);
  for (const [key, place, isFirst] of handlings) {
    order.begin(key, place, isFirst);
    order.end(key);
  }
  return { outOfOrder: order.outOfOrder, overlapping: order.overlapping, again: order.again };
}

test("keys do not wait for each other", () => {
  const order = orderOf([
    [0, 0, true],
    [1, 5, true],
    [0, 1, true],
    [2, 0, true],
  ]);
  assert.deepEqual(order, { outOfOrder: 0, overlapping: 0, again: 0 });
});

test("a first handling after a later one of its key is out of order", () => {
  const order = orderOf([
    [0, 0, true],
    [0, 2, true],
    [0, 1, true],
    [0, 3, true],
  ]);
  assert.deepEqual(order, { outOfOrder: 1, overlapping: 0, again: 0 });
});

test("what comes again is counted, and out of no order", () => {
  const order = orderOf([
    [0, 0, true],
    [0, 1, true],
    [0, 0, false],
    [0, 1, false],
  ]);
  assert.deepEqual(order, { outOfOrder: 0, overlapping: 0, again: 2 });
});

test("two of one key at a time overlap, two of two keys do not", () => {
  const order = new KeyOrder(2);
  order.begin(0, 0, true);
  order.begin(1, 0, true);
  assert.equal(order.overlapping, 0);
  order.begin(0, 1, true);
  assert.equal(order.overlapping, 1);
});
