import { BaseSequencer } from "vitest/node";

/** @import { TestSpecification } from "vitest/node" */

/**
 * Files that take minutes, in the order in which they have to begin: one that begins last is waited for when all others are done. Most of that
 * time they wait, so they run beside each other as well as after each other.
 */
const longest = [
  "packages/kafka/test/conformance",
  "packages/mqtt/test/conformance-hivemq",
  "packages/nats/test/conformance-latest",
  "packages/amqp/test/conformance",
  "packages/redis/test/conformance",
  "packages/nats/test/conformance",
  "packages/kafka/test/restart",
  "integration/test/damaged-answers",
  "packages/kafka/test/security",
  "packages/kafka/test/java-client",
  "packages/mqtt/test/refusals",
  "packages/mqtt/test/conformance",
  "packages/testing/test/mutants",
];

/** Begins with the files that take longest, which a fresh checkout does not know yet, so that no worker is left alone with one at the end. */
export class LongestFirst extends BaseSequencer {
  /**
   * @override
   * @param {TestSpecification[]} files
   */
  async sort(files) {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

/** @param {TestSpecification} file */
function rankOf({ moduleId }) {
  const rank = longest.findIndex((part) => moduleId.includes(part));
  return rank === -1 ? longest.length : rank;
}
