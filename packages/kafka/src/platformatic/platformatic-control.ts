import type {
  ClientControl,
  ClientRecord,
  ConnectOptions,
  PartitionBounds,
  PartitionOffset,
  TopicPlan,
} from "../client.ts";
import type { KafkaSettings } from "../options.ts";
import { countOnceLed, leaderTimeoutMs, untilThere } from "../topic-leaders.ts";
import { answerOf } from "./answers.ts";
import { Cluster } from "./cluster.ts";
import { fetchFrom } from "./fetch.ts";
import type { Library } from "./library.ts";
import { boundsOf, committedOf, offsetsAt, placesToCommit } from "./questions.ts";

const fetchBytes = 1_048_576;
const fetchWaitMs = 100;
const topicResource = 2 as const;
const brokerResource = 4 as const;

/** Questions to the cluster over the library's connections. */
export class PlatformaticControl implements ClientControl {
  readonly #cluster: Cluster;
  readonly #requestTimeoutMs: number;

  private constructor(cluster: Cluster, requestTimeoutMs: number) {
    this.#cluster = cluster;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  static async connect(
    library: Library,
    settings: KafkaSettings,
    options: ConnectOptions,
  ): Promise<PlatformaticControl> {
    const cluster = await Cluster.connect(library, settings, options);
    return new PlatformaticControl(cluster, settings.native.requestTimeoutMs);
  }

  async topics(): Promise<readonly string[]> {
    const { topics } = await this.#cluster.metadata(null);
    return topics.flatMap(({ name }) => name ?? []);
  }

  partitionCount(topic: string): Promise<number> {
    return countOnceLed(async () => (await boundsOf(this.#cluster, [topic])).length, answerOf);
  }

  async createTopic({ name, partitions, replicationFactor, config }: TopicPlan): Promise<void> {
    const { api } = this.#cluster.library.createTopicsV7;
    const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    const topic = { name, numPartitions: partitions, replicationFactor, assignments: [], configs };
    const connection = await this.#cluster.connection(this.#cluster.controller);
    const boundMs = leaderTimeoutMs + this.#requestTimeoutMs;
    try {
      await this.#cluster.ask(connection, api, [[topic], leaderTimeoutMs, false], boundMs);
    } catch (error) {
      if (answerOf(error) !== "TOPIC_ALREADY_EXISTS") throw error;
    }
    await untilThere(() => this.partitionCount(name));
  }

  async setting(name: string, topic?: string): Promise<string | undefined> {
    const { api } = this.#cluster.library.describeConfigsV4;
    const node = this.#cluster.anyBroker;
    const resource = {
      resourceType: topic === undefined ? brokerResource : topicResource,
      resourceName: topic ?? String(node),
      configurationKeys: [name],
    };
    try {
      const connection = await this.#cluster.connection(node);
      const { results } = await this.#cluster.ask(connection, api, [[resource], false, false]);
      return results[0]?.configs.find((entry) => entry.name === name)?.value ?? undefined;
    } catch (error) {
      // What a broker answers says that it may not be read or is not known; anything else is trouble with the connection.
      if (answerOf(error) !== undefined) return undefined;
      throw error;
    }
  }

  async deleteGroup(groupId: string, formerMember?: string): Promise<void> {
    const { leaveGroupV4, deleteGroupsV2 } = this.#cluster.library;
    if (formerMember !== undefined) {
      const members = [{ memberId: formerMember, groupInstanceId: null }];
      await this.#cluster.askCoordinator(groupId, leaveGroupV4.api, [groupId, members]).catch(() => {});
    }
    try {
      await this.#cluster.askCoordinator(groupId, deleteGroupsV2.api, [[groupId]]);
    } catch (error) {
      if (answerOf(error) !== "GROUP_ID_NOT_FOUND") throw error;
    }
  }

  committed(groupId: string): Promise<readonly PartitionOffset[]> {
    return committedOf(this.#cluster, groupId);
  }

  async commitFor(groupId: string, places: readonly PartitionOffset[]): Promise<void> {
    const { api } = this.#cluster.library.offsetCommitV8;
    await this.#cluster.askCoordinator(groupId, api, [groupId, -1, "", null, placesToCommit(places)]);
  }

  async hasMembers(groupId: string): Promise<boolean> {
    const { api } = this.#cluster.library.describeGroupsV5;
    const { groups } = await this.#cluster.askCoordinator(groupId, api, [[groupId], false]);
    return groups.some(({ members }) => members.length > 0);
  }

  offsetsAt(topics: readonly string[], timestamp: number): Promise<readonly PartitionOffset[]> {
    return offsetsAt(this.#cluster, topics, timestamp);
  }

  bounds(topics: readonly string[]): Promise<readonly PartitionBounds[]> {
    return boundsOf(this.#cluster, topics);
  }

  async *read(topic: string, partition: number, from: number, to: number): AsyncGenerator<ClientRecord> {
    if (from >= to) return;
    const { topics } = await this.#cluster.metadata([topic]);
    const leader = topics[0]?.partitions.find(({ partitionIndex }) => partitionIndex === partition)?.leaderId ?? -1;
    const connection = await this.#cluster.connection(leader);
    const limits = { waitMs: fetchWaitMs, partitionBytes: fetchBytes, boundMs: this.#requestTimeoutMs };
    for (let next = from; next < to;) {
      const [fetched] = await fetchFrom(this.#cluster, connection, [{ topic, partition, from: next }], limits);
      if (fetched !== undefined && fetched.errorCode !== 0) throw this.#cluster.failure(fetched.errorCode);
      for (const record of fetched?.read.records ?? []) if (Number(record.offset) < to) yield record;
      // Compaction may have taken everything up to the end.
      if (fetched === undefined || fetched.read.next === next) return;
      next = fetched.read.next;
    }
  }

  close(): void {
    this.#cluster.cut();
  }
}
