import assert from "node:assert/strict";
import { test } from "node:test";

import { judge, recoveryAfter } from "../judge.mjs";

const none = { confirmed: new Set(/** @type {number[]} */ ([])), handled: [], deadLetters: [], faultEnds: [] };
const never = () => false;

/**
 * @param {number} number
 * @param {string} key
 * @param {number} [handledAt]
 */
function handling(number, key, handledAt = number) {
  return { number, key, sentAt: number, handledAt };
}

test("confirmed and not handled is lost, handled and not confirmed is not", () => {
  const verdict = judge({
    ...none,
    confirmed: new Set([1, 2]),
    handled: [handling(2, "a"), handling(3, "a")],
    mustDie: never,
  });
  assert.deepEqual(verdict.lost, [1]);
  assert.equal(verdict.published, 2);
  assert.equal(verdict.handled, 2);
});

test("what has to die is lost unless it is a dead letter, and nothing else may be one", () => {
  const mustDie = (/** @type {number} */ number) => number > 10;
  const verdict = judge({
    ...none,
    confirmed: new Set([1, 11, 12]),
    handled: [handling(1, "a")],
    deadLetters: [11, 1],
    mustDie,
  });
  assert.deepEqual(verdict.lost, [12]);
  assert.deepEqual(verdict.wronglyDead, [1]);
});

test("order is that of first handlings within a key", () => {
  const handled = [handling(1, "a"), handling(3, "a"), handling(2, "b"), handling(1, "a")];
  const verdict = judge({ ...none, handled, mustDie: never });
  assert.deepEqual(verdict.disordered, []);
  assert.equal(verdict.duplicated, 1);
  const late = judge({ ...none, handled: [handling(1, "a"), handling(3, "a"), handling(2, "a")], mustDie: never });
  assert.deepEqual(late.disordered, [2]);
});

test("the gap and the recovery are the longest ones", () => {
  const handled = [handling(100, "a", 110), handling(200, "a", 500), handling(600, "a", 650)];
  const verdict = judge({ ...none, handled, faultEnds: [150, 560], mustDie: never });
  assert.equal(verdict.longestGapMs, 390);
  assert.equal(verdict.recoveryMs, 350);
});

test("there is no recovery before something was handled that was published after the fault", () => {
  assert.equal(recoveryAfter(150, [handling(100, "a", 400)]), undefined);
});
