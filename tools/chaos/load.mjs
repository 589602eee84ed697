/**
 * How many messages are published in a second.
 *
 * @type {number}
 */
export const messagesPerSecond = 200;

/**
 * Over how many keys they are spread.
 *
 * @type {number}
 */
export const keyCount = 20;

/**
 * How many handlers may run at the same time.
 *
 * @type {number}
 */
export const concurrency = 8;

/**
 * What the n-th process that publishes begins to count from, so that numbers of a key only grow.
 *
 * @param {number} generation
 * @returns {number}
 */
export function firstNumber(generation) {
  return generation * 1_000_000;
}

/**
 * Tells whether handling the message fails every time, where there is poison: one in a hundred.
 *
 * @param {number} number
 * @returns {boolean}
 */
export function isPoison(number) {
  return number % 100 === 7;
}
