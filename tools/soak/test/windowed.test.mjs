import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";

import { windowed } from "../windowed.mjs";

const never = new AbortController().signal;

test("tasks begin in their order, as many at a time as the window is wide", async () => {
  /** @type {number[]} */
  const begun = [];
  let running = 0;
  let most = 0;
  await windowed(10, 3, never, async (number) => {
    begun.push(number);
    most = Math.max(most, ++running);
    await turn();
    running--;
  });
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(most, 3);
});

test("it ends when it is stopped, and with what a task threw", async () => {
  const stop = new AbortController();
  let count = 0;
  const stopped = windowed(1_000, 2, stop.signal, async () => {
    if (++count === 5) {
      stop.abort(new Error("enough"));
    }
    await turn();
  });
  await assert.rejects(stopped, /enough/);
  assert.ok(count < 10);
  await assert.rejects(
    windowed(3, 1, never, async (number) => {
      if (number === 1) {
        throw new Error("the second");
      }
    }),
    /the second/,
  );
});
