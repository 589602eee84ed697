import type { OutboundRecord } from "@busbar/core/contract";
import { InvalidArgumentError, matches, parseCheckedFilter, topicProblem } from "@busbar/core/driver";

/** Says of each message whether it is a tombstone: one that is empty, on a topic of these patterns. It has no value then, and a compacted topic forgets its key. */
export function tombstonesOf(patterns: readonly string[]): (record: OutboundRecord) => boolean {
  const parsed = patterns.map(parseCheckedFilter);
  return ({ body, topic, key }) => {
    if (body.byteLength > 0 || !parsed.some((pattern) => matches(pattern, topic))) return false;
    if (key === undefined)
      throw new InvalidArgumentError(
        `Publishing to "${topic}" failed: an empty message there is a tombstone (native.tombstones), which needs the key that it removes.`,
        { broker: "kafka", topic },
      );
    return true;
  };
}

/** What is wrong with a pattern of topics; `undefined` where nothing is. */
export function patternProblem(pattern: unknown): string | undefined {
  if (typeof pattern !== "string") return "must be text";
  return topicProblem(pattern.replace(/(^|\.)\*\*$/, "$1any").replaceAll(/(^|\.)\*(?=\.|$)/g, "$1any"));
}
