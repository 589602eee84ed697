import { atMost } from "@busbar/core/driver";
import type { Broker, Cluster, Consumer, EachBatchPayload } from "kafkajs";
import { bounded } from "../bounded.ts";
import { tookTooLong } from "../classify.ts";
import type { AssignedPartition, ClientMember, MemberOptions, PartitionBounds, PartitionOffset } from "../client.ts";
import { Deferred } from "../deferred.ts";
import type { KafkaSettings } from "../options.ts";
import { assignerOf, boundsOf, committedOf, expel } from "./cluster-access.ts";
import { groupAssigner } from "./group-assigner.ts";
import { kafkaOf, untilSettled } from "./kafkajs-config.ts";
import { Line } from "./line.ts";

/** How soon new partitions of a topic are noticed. */
const metadataMaxAgeMs = 30_000;

/**
 * One kafkajs consumer, and the one way in and out of it. Whatever goes wrong in it that a rebalance does not mend is
 * `onLost`: kafkajs's own restarts are off, because the one that supervises must also say from where to go on.
 */
export class KafkajsMember implements ClientMember {
  readonly #options: MemberOptions;
  readonly #consumer: Consumer;
  readonly #cluster: Cluster;
  readonly #coordinator: () => Promise<Broker>;
  readonly #line: Line;
  #assigned: AssignedPartition[] = [];
  #heartbeat: (() => Promise<void>) | undefined;
  #id: string | undefined;
  #ending = false;
  /** While it has joined and does not know yet from where to fetch. */
  #placing: Deferred | undefined;

  private constructor(settings: KafkaSettings, options: MemberOptions, line: Line) {
    const { native } = settings;
    let cluster: Cluster | undefined;
    this.#options = options;
    this.#line = line;
    this.#consumer = kafkaOf(settings, untilSettled, line).consumer({
      groupId: options.groupId,
      partitionAssigners: [
        assignerOf((found) => {
          cluster = found;
        }, groupAssigner),
      ],
      allowAutoTopicCreation: false,
      metadataMaxAge: metadataMaxAgeMs,
      sessionTimeout: native.sessionTimeoutMs,
      rebalanceTimeout: native.rebalanceTimeoutMs,
      heartbeatInterval: native.heartbeatIntervalMs,
      maxWaitTimeInMs: native.fetchWaitMs,
      maxBytesPerPartition: native.maxBytesPerPartition,
      retry: { ...untilSettled, restartOnFailure: () => Promise.resolve(false) },
    });
    if (cluster === undefined) throw new Error("kafkajs did not hand out its cluster");
    this.#cluster = cluster;
    const { groupId } = options;
    const find = cluster.findGroupCoordinator.bind(cluster);
    this.#coordinator = () => find({ groupId });
    this.#leaveBeforeJoin(cluster);
    this.#fetchNoMoreAtTheEnd(cluster);
    this.#fetchOncePlaced(cluster, native.fetchWaitMs);
  }

  /** Connects, joins and fetches; nothing is left open when that fails. */
  static async join(settings: KafkaSettings, options: MemberOptions): Promise<KafkajsMember> {
    const line = new Line(options.onLost);
    const member = new KafkajsMember(settings, options, line);
    const { connectTimeoutMs } = settings;
    const abort = (): void => line.cut();
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      const connected = member.#consumer.connect();
      await bounded(
        connected,
        connectTimeoutMs,
        () => tookTooLong("Connecting to Kafka", connectTimeoutMs),
        options.signal,
      );
      line.watch();
      await member.#run();
    } catch (error) {
      line.cut();
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", abort);
    }
    return member;
  }

  get id(): string | undefined {
    return this.#id;
  }

  start(positions: readonly PartitionOffset[]): void {
    this.#whileRunning(() => {
      for (const { topic, partition, offset } of positions)
        this.#consumer.seek({ topic, partition, offset: String(offset) });
      this.#consumer.resume(this.#byTopic());
    });
    this.#placed();
  }

  hold(): void {
    this.#whileRunning(() => this.#consumer.pause(this.#byTopic()));
  }

  async commit(offsets: readonly PartitionOffset[]): Promise<void> {
    await this.#consumer.commitOffsets(
      offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
    );
  }

  async beat(): Promise<boolean> {
    try {
      await this.#heartbeat?.();
      return true;
    } catch (error) {
      // The group counts this as a sign of life: only who has not joined in time is put out.
      return (error as { type?: unknown }).type === "REBALANCE_IN_PROGRESS";
    }
  }

  bounds(): Promise<readonly PartitionBounds[]> {
    return boundsOf(this.#cluster, this.#options.topics);
  }

  async committed(): Promise<readonly PartitionOffset[]> {
    return committedOf(await this.#coordinator(), this.#options.groupId);
  }

  async leave(boundMs: number): Promise<void> {
    this.#ending = true;
    this.#placed();
    await atMost(boundMs, this.#consumer.disconnect());
    this.#line.cut();
  }

  close(): void {
    this.#ending = true;
    this.#placed();
    this.#line.cut();
    this.#consumer.disconnect().catch(() => {});
  }

  /** kafkajs throws when its consumer has ended meanwhile, of which `onLost` tells. */
  #whileRunning(work: () => void): void {
    try {
      work();
    } catch {
      // Nothing is fetched then.
    }
  }

  #placed(): void {
    this.#placing?.resolve();
    this.#placing = undefined;
  }

  #byTopic(): { topic: string; partitions: number[] }[] {
    return this.#assigned.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
  }

  async #run(): Promise<void> {
    const consumer = this.#consumer;
    const { handlers, topics } = this.#options;
    consumer.on("consumer.group_join", ({ payload }) => {
      this.#id = payload.memberId;
      this.#assigned = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      // In the same turn: kafkajs would fetch from a place of its own choice next.
      this.hold();
      this.#placing = new Deferred();
      handlers.joined(this, this.#assigned);
    });
    consumer.on("consumer.crash", ({ payload }) => this.#line.lose(payload.error));
    consumer.on("consumer.network.request_timeout", this.#line.late);
    // Where kafkajs falls back to a default place, the beginning loses nothing.
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
  }

  #eachBatch({ batch, resolveOffset, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    this.#heartbeat = heartbeat;
    const { topic, partition, messages } = batch;
    return this.#options.handlers.batch({
      topic,
      partition,
      records: messages,
      isStale,
      heartbeat,
      accept: () => resolveOffset(batch.lastOffset()),
    });
  }

  /** Finding the coordinator is the first thing that kafkajs does to join a group, and the last moment to end the former assignment in order. */
  #leaveBeforeJoin(cluster: Cluster): void {
    const { handlers, groupId } = this.#options;
    let { replaces } = this.#options;
    cluster.findGroupCoordinator = async () => {
      await handlers.leaving(this);
      const coordinator = await this.#coordinator();
      // The join is refused for the same reason as long as it is not settled, and comes by here again.
      if (replaces !== undefined && (await expel(coordinator, groupId, replaces))) replaces = undefined;
      return coordinator;
    };
  }

  /**
   * When the brokers of the cluster change just as its consumer is ended, kafkajs begins to fetch anew and nothing ends that: it asks
   * the consumer, which gives it nothing at once, again and again, and leaves nobody else in the process a turn. The nodes are what it looks at first.
   */
  #fetchNoMoreAtTheEnd(cluster: Cluster): void {
    const nodeIds = cluster.getNodeIds.bind(cluster);
    cluster.getNodeIds = () => {
      if (this.#ending) throw new Error("closed");
      return nodeIds();
    };
  }

  /**
   * kafkajs sleeps for a whole wait when it finds nothing to fetch from, which is so between the join and the start, and would not notice the start.
   * The metadata is what it looks at before each fetch.
   */
  #fetchOncePlaced(cluster: Cluster, fetchWaitMs: number): void {
    const refresh = cluster.refreshMetadataIfNecessary.bind(cluster);
    cluster.refreshMetadataIfNecessary = async () => {
      if (this.#placing !== undefined) await atMost(fetchWaitMs, this.#placing.promise);
      return refresh();
    };
  }
}
