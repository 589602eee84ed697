import type { AssignedPartition } from "../client.ts";
import type { Library } from "./library.ts";

/** The assignor by the name of Java's `RoundRobinAssignor`, so that members of both kinds of client can share a group. */
export const assignorName = "roundrobin";

const version = 0;

/** What a member tells of itself when it joins (the consumer protocol of classic groups). */
export function writeSubscription({ Writer }: Library, topics: readonly string[]): Buffer {
  return Writer.create()
    .appendInt16(version)
    .appendArray([...topics], (to, topic) => void to.appendString(topic, false), false, false)
    .appendInt32(-1).buffer;
}

/** The topics that a member told of. */
export function readSubscription({ Reader }: Library, metadata: Buffer | null): ReadonlySet<string> {
  if (metadata === null || metadata.length === 0) return new Set();
  const reader = Reader.from(metadata);
  reader.readInt16();
  return new Set(reader.readArray((from) => from.readString(false), false, false));
}

/** What a member is given. */
export function writeAssignment({ Writer }: Library, share: ReadonlyMap<string, readonly number[]>): Buffer {
  return Writer.create()
    .appendInt16(version)
    .appendArray(
      [...share],
      (to, [topic, partitions]) =>
        void to
          .appendString(topic, false)
          .appendArray([...partitions], (list, partition) => void list.appendInt32(partition), false, false),
      false,
      false,
    )
    .appendInt32(-1).buffer;
}

/** The partitions that a member was given. */
export function readAssignment({ Reader }: Library, assignment: Buffer): AssignedPartition[] {
  if (assignment.length === 0) return [];
  const reader = Reader.from(assignment);
  reader.readInt16();
  const topics = reader.readArray(
    (from) => {
      const topic = from.readString(false);
      return from.readArray((list) => ({ topic, partition: list.readInt32() }), false, false);
    },
    false,
    false,
  );
  return topics.flat();
}
