import type { Broker, Cluster, Kafka, PartitionAssigner } from "kafkajs";
import { coordinatorIsComing } from "../classify.ts";
import type { AssignedPartition, ClientRecord, PartitionBounds, PartitionOffset } from "../client.ts";
import { grouped } from "../grouped.ts";

/** What kafkajs's broker object can beyond its published types (`kafkajs/src/broker/index.js`). */
interface GroupCalls {
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
}

interface OffsetCalls {
  listOffsets(request: {
    isolationLevel: number;
    topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[];
  }): Promise<{ responses: { partitions: { offset: string }[] }[] }>;
}

interface FetchAnswer {
  readonly responses: readonly {
    readonly partitions: readonly {
      readonly highWatermark: string;
      readonly messages: readonly (ClientRecord & { readonly isControlRecord?: boolean })[];
    }[];
  }[];
}

/** The cluster inside a kafkajs consumer: kafkajs hands it to partition assigners, which is the one published way to it. */
export function assignerOf(onCluster: (cluster: Cluster) => void, assigner: PartitionAssigner): PartitionAssigner {
  return (config) => {
    onCluster(config.cluster);
    return assigner(config);
  };
}

/**
 * A cluster of its own, for what needs no group.
 *
 * @param onTimeout Called when a request was not answered in time.
 */
export function bareCluster(kafka: Kafka, unused: PartitionAssigner, onTimeout: () => void): Cluster {
  let found: Cluster | undefined;
  const consumer = kafka.consumer({
    groupId: "busbar",
    allowAutoTopicCreation: false,
    partitionAssigners: [
      assignerOf((cluster) => {
        found = cluster;
      }, unused),
    ],
  });
  if (found === undefined) throw new Error("kafkajs did not hand out its cluster");
  consumer.on("consumer.network.request_timeout", onTimeout);
  return found;
}

/** The first and the next offset of every partition of topics that the cluster has as targets. */
export async function boundsOf(cluster: Cluster, topics: readonly string[]): Promise<PartitionBounds[]> {
  const wanted = topics.map((topic) => ({
    topic,
    partitions: cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId })),
  }));
  const ends = await cluster.fetchTopicsOffset(wanted.map((entry) => ({ ...entry, fromBeginning: false })));
  const beginnings = await cluster.fetchTopicsOffset(wanted.map((entry) => ({ ...entry, fromBeginning: true })));
  const low = new Map(
    beginnings.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic}:${partition}`, Number(offset)]),
    ),
  );
  return ends.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => ({
      topic,
      partition,
      low: low.get(`${topic}:${partition}`) ?? 0,
      high: Number(offset),
    })),
  );
}

/** Every place that the group ever committed. Partitions without one are left out. */
export async function committedOf(coordinator: Broker, groupId: string): Promise<PartitionOffset[]> {
  const { responses } = await coordinator.offsetFetch({ groupId, topics: [] });
  return responses.flatMap(({ topic, partitions }) =>
    partitions
      .map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) }))
      .filter(({ offset }) => offset >= 0),
  );
}

const nobody = { groupGenerationId: -1, memberId: "" };

/** Commits places for a group that has no members. */
export async function commitFor(
  coordinator: Broker,
  groupId: string,
  places: readonly PartitionOffset[],
): Promise<void> {
  await coordinator.offsetCommit({
    groupId,
    ...nobody,
    topics: Array.from(
      grouped(places, ({ topic }) => topic),
      ([topic, ofTopic]) => ({
        topic,
        partitions: ofTopic.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
      }),
    ),
  });
}

/**
 * Takes a member out of its group, so that the group does not wait for its session to end. Resolves to whether that is settled: a coordinator that has just
 * started does not know yet who is there.
 */
export async function expel(coordinator: Broker, groupId: string, memberId: string): Promise<boolean> {
  try {
    await (coordinator as unknown as GroupCalls).leaveGroup({ groupId, memberId });
    return true;
  } catch (error) {
    return !coordinatorIsComing(error);
  }
}

const earliest = -2;
const latest = -1;
const readCommitted = 1;

/**
 * The same for topics that the cluster has not as targets, and does not get: kafkajs asks for all of its targets at once, and
 * fails for all of them when one is deleted.
 */
export function boundsWithoutTargets(cluster: Cluster, topics: readonly string[]): Promise<PartitionBounds[]> {
  return ofEachPartition(cluster, topics, async (place, offsetAt) => {
    const high = await offsetAt(latest);
    return { ...place, low: await offsetAt(earliest), high };
  });
}

/** Where in each partition the first message is that is not older than this time; the end where none is. */
export function offsetsAt(cluster: Cluster, topics: readonly string[], timestamp: number): Promise<PartitionOffset[]> {
  return ofEachPartition(cluster, topics, async (place, offsetAt) => {
    const end = await offsetAt(latest);
    const found = await offsetAt(timestamp);
    return { ...place, offset: found < 0 ? end : found };
  });
}

async function ofEachPartition<T>(
  cluster: Cluster,
  topics: readonly string[],
  ask: (place: AssignedPartition, offsetAt: (timestamp: number) => Promise<number>) => Promise<T>,
): Promise<T[]> {
  if (topics.length === 0) return [];
  const { topicMetadata } = await (await anyBroker(cluster)).metadata([...topics]);
  const asked = topicMetadata.flatMap(({ topic, partitionMetadata }) =>
    partitionMetadata.map(async ({ partitionId: partition, leader }) => {
      const broker = (await cluster.findBroker({ nodeId: String(leader) })) as unknown as OffsetCalls;
      return ask({ topic, partition }, async (timestamp) => {
        const wanted = [{ topic, partitions: [{ partition, timestamp }] }];
        const { responses } = await broker.listOffsets({ isolationLevel: readCommitted, topics: wanted });
        return Number(responses[0]?.partitions[0]?.offset);
      });
    }),
  );
  return Promise.all(asked);
}

/** Any broker of the cluster, connected. */
export function anyBroker(cluster: Cluster): Promise<Broker> {
  const [node] = cluster.getNodeIds();
  return cluster.findBroker({ nodeId: String(node) });
}

const fetchBytes = 1_048_576;

/** Reads one partition from `from` to below `to` without a group. */
export async function* readPartition(
  cluster: Cluster,
  topic: string,
  partition: number,
  from: number,
  to: number,
): AsyncGenerator<ClientRecord> {
  if (from >= to) return;
  const { topicMetadata } = await (await anyBroker(cluster)).metadata([topic]);
  const leader = topicMetadata[0]?.partitionMetadata.find(({ partitionId }) => partitionId === partition)?.leader;
  const broker = await cluster.findBroker({ nodeId: String(leader) });
  for (let next = from; next < to;) {
    const partitions = [{ partition, fetchOffset: String(next), maxBytes: fetchBytes }];
    const wanted = {
      topics: [{ topic, partitions }],
      maxWaitTime: 100,
      maxBytes: fetchBytes,
      isolationLevel: readCommitted,
    };
    const { responses } = (await broker.fetch(wanted)) as FetchAnswer;
    const messages = responses[0]?.partitions[0]?.messages ?? [];
    const last = messages.at(-1);
    for (const message of messages) {
      const offset = Number(message.offset);
      if (offset >= next && offset < to && message.isControlRecord !== true) yield message;
    }
    // Compaction may have taken everything up to the end.
    if (last === undefined) return;
    next = Math.max(next, Number(last.offset) + 1);
  }
}
