/**
 * What a program of a scenario is to do: its one argument, as JSON.
 *
 * @typedef {object} Assignment
 * @property {"publisher" | "consumer" | "both"} role in memory one process does both, since no other reaches its broker
 * @property {string} name of the process among those of its scenario; one that is started again under its name goes on where it was
 * @property {string} url of the broker
 * @property {Readonly<Record<string, unknown>>} native what only this broker's adapter has
 * @property {string} [deadLetterUrl] where the dead letters go, instead of to the broker itself
 * @property {string} topic it all goes to
 * @property {string} [group] of the consumer
 * @property {string} folder of the files that are compared
 * @property {number} seed of the choice of keys
 * @property {number} generation how many processes published before this one
 * @property {number} messagesPerSecond how many are published
 * @property {boolean} hasPoison some messages fail every time
 */

/**
 * What a program can be asked: to publish no more, for the dead letters, or (in memory) to drain the consumer and make a new one.
 * It answers with the same word.
 *
 * @typedef {"stop-publishing" | "dead-letters" | "renew-consumer"} Question
 */

/**
 * What a program says: that it is ready, or the answer to a question.
 *
 * @typedef {{ type: "ready" | Question, value?: unknown }} Answer
 */

/**
 * Reads the assignment of this process.
 *
 * @returns {Assignment}
 */
export function ownAssignment() {
  return JSON.parse(process.argv[2] ?? "{}");
}
