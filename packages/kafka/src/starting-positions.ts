import type { AssignedPartition, PartitionBounds, PartitionOffset } from "./client.ts";

/** What is known when a member has joined. `bounds` must have been read before `committed`. */
export interface JoinedGroup {
  /** Every partition of the topics, whoever has it. */
  readonly bounds: readonly PartitionBounds[];
  readonly committed: readonly PartitionOffset[];
  readonly assigned: readonly AssignedPartition[];
  /** True when this process has seen the group before. */
  readonly known: boolean;
  readonly startFrom: "new" | "earliest";
}

/** Where a member goes on. */
export interface StartingPositions {
  /** Places that the group has to have before anybody may rely on the subscription. */
  readonly commit: readonly PartitionOffset[];
  /** Where to fetch each assigned partition from. */
  readonly start: readonly PartitionOffset[];
  /** Committed places that are not in the log any more. */
  readonly lost: readonly AssignedPartition[];
}

/**
 * Decides where a member begins. Every partition of the topics without a committed place gets one, not only those of this
 * member: else a message published right after could fall to a member that looks for the end later. The ends were read before the committed places,
 * so that a place that another member chose meanwhile is never moved forward. Partitions that a known group has
 * no place in are new ones, and begin at their first record, whatever `startFrom` says.
 */
export function startingPositions({ bounds, committed, assigned, known, startFrom }: JoinedGroup): StartingPositions {
  const places = new Map(committed.map((place) => [keyOf(place), place.offset]));
  const atEnd = startFrom === "new" && !known && committed.length === 0;
  const mine = new Set(assigned.map(keyOf));
  const commit: PartitionOffset[] = [];
  const start: PartitionOffset[] = [];
  const lost: AssignedPartition[] = [];
  for (const { topic, partition, low, high } of bounds) {
    const key = keyOf({ topic, partition });
    const place = places.get(key);
    const outside = place !== undefined && (place < low || place > high);
    const offset = place === undefined ? (atEnd ? high : low) : outside ? low : place;
    if (place === undefined || (outside && mine.has(key))) commit.push({ topic, partition, offset });
    if (!mine.has(key)) continue;
    start.push({ topic, partition, offset });
    if (outside) lost.push({ topic, partition });
  }
  return { commit, start, lost };
}

/** One name for a partition. */
export function keyOf({ topic, partition }: AssignedPartition): string {
  return `${topic}:${partition}`;
}
