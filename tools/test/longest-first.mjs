import { BaseSequencer } from "vitest/node";

/** @import { TestSpecification } from "vitest/node" */

/** Files that take minutes, in the order in which they have to begin: one that begins last is waited for when all others are done. */
const longest = ["packages/kafka/test/conformance", "packages/amqp/test/conformance", "/test/conformance"];

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
