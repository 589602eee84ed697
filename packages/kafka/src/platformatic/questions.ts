import type { PartitionBounds, PartitionOffset } from "../client.ts";
import type { Cluster, TopicMetadata } from "./cluster.ts";
import { grouped } from "../grouped.ts";

const earliest = -2n;
const latest = -1n;
const readCommitted = 1;

/** The first and the next offset of every partition of the topics. Rejects when one of them has no leader or is not there. */
export async function boundsOf(cluster: Cluster, topics: readonly string[]): Promise<PartitionBounds[]> {
  if (topics.length === 0) return [];
  const places = await placesOf(cluster, topics);
  const answers = await ofEachLeader(places, async (leader, led) => {
    // The end first: what is written meanwhile is then behind it.
    const high = await offsetsOf(cluster, leader, led, latest);
    return { low: await offsetsOf(cluster, leader, led, earliest), high };
  });
  const lows = new Map(answers.flatMap(({ low }) => [...low]));
  const highs = new Map(answers.flatMap(({ high }) => [...high]));
  return places.map(({ topic, partition }) => {
    const key = `${topic}:${partition}`;
    return { topic, partition, low: lows.get(key) ?? 0, high: highs.get(key) ?? 0 };
  });
}

/** Where in each partition the first message is that is not older than this time; the end where none is. */
export async function offsetsAt(
  cluster: Cluster,
  topics: readonly string[],
  timestamp: number,
): Promise<PartitionOffset[]> {
  const answers = await ofEachLeader(await placesOf(cluster, topics), async (leader, led) => {
    const ends = await offsetsOf(cluster, leader, led, latest);
    const found = await offsetsOf(cluster, leader, led, BigInt(timestamp));
    return led.map(({ topic, partition }) => {
      const key = `${topic}:${partition}`;
      const offset = found.get(key) ?? -1;
      return { topic, partition, offset: offset < 0 ? (ends.get(key) ?? 0) : offset };
    });
  });
  return answers.flat();
}

/** Every place that the group ever committed. Partitions without one are left out. */
export async function committedOf(cluster: Cluster, groupId: string): Promise<PartitionOffset[]> {
  const { api } = cluster.library.offsetFetchV8;
  // No list of topics means all of them.
  const asked = { groupId, topics: null } as unknown as Parameters<typeof api.async>[1][number];
  const { groups } = await cluster.askCoordinator(groupId, api, [[asked], false]);
  return groups
    .flatMap(({ topics }) => topics)
    .flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => ({
        topic: name,
        partition: partitionIndex,
        offset: Number(committedOffset),
      })),
    )
    .filter(({ offset }) => offset >= 0);
}

/** Places as a commit takes them. */
export function placesToCommit(offsets: readonly PartitionOffset[]): {
  name: string;
  partitions: {
    partitionIndex: number;
    committedOffset: bigint;
    committedLeaderEpoch: number;
    committedMetadata: string;
  }[];
}[] {
  return Array.from(
    grouped(offsets, ({ topic }) => topic),
    ([name, places]) => ({
      name,
      partitions: places.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
        committedMetadata: "",
      })),
    }),
  );
}

/** A partition and who leads it. */
interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
}

async function placesOf(cluster: Cluster, topics: readonly string[]): Promise<Place[]> {
  const { topics: known } = await cluster.metadata([...topics]);
  return known.flatMap((topic) => placesIn(cluster, topic));
}

/** Asks every leader for its own, all at the same time. */
function ofEachLeader<Answer>(
  places: readonly Place[],
  ask: (leader: number, led: readonly Place[]) => Promise<Answer>,
): Promise<Answer[]> {
  const byLeader = grouped(places, ({ leader }) => leader);
  return Promise.all(Array.from(byLeader, ([leader, led]) => ask(leader, led)));
}

function placesIn(cluster: Cluster, { name, errorCode, partitions }: TopicMetadata): Place[] {
  if (errorCode !== 0) throw cluster.failure(errorCode);
  return partitions.map((entry) => {
    if (entry.leaderId < 0) throw cluster.failure(entry.errorCode || leaderNotAvailable);
    return { topic: name ?? "", partition: entry.partitionIndex, leader: entry.leaderId };
  });
}

const leaderNotAvailable = 5;

async function offsetsOf(
  cluster: Cluster,
  leader: number,
  places: readonly { topic: string; partition: number }[],
  timestamp: bigint,
): Promise<Map<string, number>> {
  const { api } = cluster.library.listOffsetsV5;
  const wanted = Array.from(
    grouped(places, ({ topic }) => topic),
    ([name, ofTopic]) => ({
      name,
      partitions: ofTopic.map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp })),
    }),
  );
  const { topics } = await cluster.ask(await cluster.connection(leader), api, [-1, readCommitted, wanted]);
  return new Map(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, offset }) => [`${name}:${partitionIndex}`, Number(offset)] as const),
    ),
  );
}
