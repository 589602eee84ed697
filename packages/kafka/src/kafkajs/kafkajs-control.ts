import kafkajs from "kafkajs";
import type { Admin, Broker, Cluster, GroupDescriptions } from "kafkajs";
import type {
  ClientControl,
  ClientRecord,
  ConnectOptions,
  PartitionBounds,
  PartitionOffset,
  TopicPlan,
} from "../client.ts";
import { onceCoordinated } from "../once-coordinated.ts";
import type { KafkaSettings } from "../options.ts";
import { countOnceLed, leaderTimeoutMs, untilThere } from "../topic-leaders.ts";
import {
  anyBroker,
  bareCluster,
  boundsWithoutTargets,
  commitFor,
  committedOf,
  expel,
  offsetsAt,
  readPartition,
} from "./cluster-access.ts";
import { groupAssigner } from "./group-assigner.ts";
import { connectOver } from "./connect-over.ts";
import { eachBrokerOnce, kafkaOf, untilSettled } from "./kafkajs-config.ts";
import { Line } from "./line.ts";

const { ConfigResourceTypes } = kafkajs;

/** Questions to the cluster through kafkajs. */
export class KafkajsControl implements ClientControl {
  readonly #cluster: Cluster;
  readonly #admin: Admin;
  readonly #line: Line;
  readonly #patienceMs: number;

  private constructor(cluster: Cluster, admin: Admin, line: Line, { connectTimeoutMs }: KafkaSettings) {
    this.#cluster = cluster;
    this.#admin = admin;
    this.#line = line;
    this.#patienceMs = connectTimeoutMs;
  }

  /** Connects to one of the brokers; nothing is left open when that fails. */
  static async connect(settings: KafkaSettings, { onLost, signal }: ConnectOptions): Promise<KafkajsControl> {
    const line = new Line(onLost);
    const kafka = kafkaOf(settings, eachBrokerOnce(settings), line);
    const cluster = bareCluster(kafkaOf(settings, untilSettled, line), groupAssigner, line.late);
    const admin = kafka.admin({ retry: { ...untilSettled } });
    admin.on("admin.network.request_timeout", line.late);
    await connectOver(line, [admin, cluster], settings, { signal }, () => cluster.refreshMetadata());
    return new KafkajsControl(cluster, admin, line, settings);
  }

  async topics(): Promise<readonly string[]> {
    return (await (await anyBroker(this.#cluster)).metadata([])).topicMetadata.map(({ topic }) => topic);
  }

  partitionCount(topic: string): Promise<number> {
    return countOnceLed(async () => (await boundsWithoutTargets(this.#cluster, [topic])).length, typeOf);
  }

  async createTopic({ name, partitions, replicationFactor, config }: TopicPlan): Promise<void> {
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    await this.#admin.createTopics({
      topics: [{ topic: name, numPartitions: partitions, replicationFactor, configEntries }],
      timeout: leaderTimeoutMs,
      // kafkajs would fail where the topic has not reached the broker that it asks, and waits for nothing when somebody else was faster.
      waitForLeaders: false,
    });
    await untilThere(() => this.partitionCount(name));
  }

  async setting(name: string, topic?: string): Promise<string | undefined> {
    const [node] = this.#cluster.getNodeIds();
    const resource =
      topic === undefined
        ? { type: ConfigResourceTypes.BROKER, name: String(node), configNames: [name] }
        : { type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] };
    try {
      const { resources } = await this.#admin.describeConfigs({ resources: [resource], includeSynonyms: false });
      return resources[0]?.configEntries.find(({ configName }) => configName === name)?.configValue ?? undefined;
    } catch (error) {
      // A protocol error says that it may not be read or is not known; anything else is trouble with the connection.
      if (typeOf(error) !== undefined) return undefined;
      throw error;
    }
  }

  async deleteGroup(groupId: string, formerMember?: string): Promise<void> {
    // Waits for it; a Kafka that nobody has asked for a group yet has to make room for them first, and the admin client does not wait.
    const coordinator = await this.#cluster.findGroupCoordinator({ groupId });
    // Its goodbye may have been lost with its connection; mostly it was not, and then the group does not know it any more.
    if (formerMember !== undefined) await expel(coordinator, groupId, formerMember);
    try {
      await this.#admin.deleteGroups([groupId]);
    } catch (error) {
      const { groups = [] } = error as { groups?: readonly { error?: unknown }[] };
      const causes = groups.map(({ error: cause }) => typeOf(cause));
      if (causes.length > 0 && causes.every((type) => type === "GROUP_ID_NOT_FOUND")) return;
      throw error;
    }
  }

  committed(groupId: string): Promise<readonly PartitionOffset[]> {
    return this.#askCoordinator(groupId, (coordinator) => committedOf(coordinator, groupId));
  }

  commitFor(groupId: string, places: readonly PartitionOffset[]): Promise<void> {
    return this.#askCoordinator(groupId, (coordinator) => commitFor(coordinator, groupId, places));
  }

  async hasMembers(groupId: string): Promise<boolean> {
    // Not by the admin client, which does not know the brokers before another question, and waits for nobody.
    const { groups } = await this.#askCoordinator(groupId, async (coordinator) => {
      return (await coordinator.describeGroups({ groupIds: [groupId] })) as GroupDescriptions;
    });
    return groups.some(({ members }) => members.length > 0);
  }

  offsetsAt(topics: readonly string[], timestamp: number): Promise<readonly PartitionOffset[]> {
    return offsetsAt(this.#cluster, topics, timestamp);
  }

  bounds(topics: readonly string[]): Promise<readonly PartitionBounds[]> {
    return boundsWithoutTargets(this.#cluster, topics);
  }

  read(topic: string, partition: number, from: number, to: number): AsyncIterable<ClientRecord> {
    return readPartition(this.#cluster, topic, partition, from, to);
  }

  close(): void {
    this.#line.cut();
    this.#admin.disconnect().catch(() => {});
    this.#cluster.disconnect().catch(() => {});
  }

  #askCoordinator<T>(groupId: string, ask: (coordinator: Broker) => Promise<T>): Promise<T> {
    return onceCoordinated(this.#patienceMs, async () => ask(await this.#cluster.findGroupCoordinator({ groupId })));
  }
}

function typeOf(error: unknown): unknown {
  return (error as { type?: unknown } | null | undefined)?.type;
}
