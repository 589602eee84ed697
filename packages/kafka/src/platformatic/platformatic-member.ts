import { atMost } from "@busbar/core/driver";
import { classify } from "../classify.ts";
import type { ClientMember, MemberOptions, PartitionBounds, PartitionOffset } from "../client.ts";
import type { KafkaSettings } from "../options.ts";
import { answerOf } from "./answers.ts";
import { Cluster } from "./cluster.ts";
import { Fetcher } from "./fetcher.ts";
import { Group, hasMovedOn } from "./group.ts";
import type { Library } from "./library.ts";
import { boundsOf, committedOf } from "./questions.ts";

/** How soon new partitions of a topic are noticed. */
const metadataMaxAgeMs = 30_000;
/** How long one that could not begin takes at most to leave its group, in milliseconds. */
const farewellMs = 1_000;

/**
 * One member of a consumer group: it joins, beats, and joins anew when the group rebalances. Whatever goes wrong in it that a
 * rebalance does not mend is `onLost`.
 */
export class PlatformaticMember implements ClientMember {
  readonly #settings: KafkaSettings;
  readonly #options: MemberOptions;
  readonly #cluster: Cluster;
  readonly #group: Group;
  #fetcher: Fetcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;
  #ended = false;

  private constructor(settings: KafkaSettings, options: MemberOptions, cluster: Cluster) {
    const { sessionTimeoutMs, rebalanceTimeoutMs, requestTimeoutMs } = settings.native;
    const { groupId, topics } = options;
    this.#settings = settings;
    this.#options = options;
    this.#cluster = cluster;
    this.#group = new Group(cluster, { groupId, topics, sessionTimeoutMs, rebalanceTimeoutMs, requestTimeoutMs });
  }

  /** Connects and joins; nothing is left open when that fails. */
  static async join(library: Library, settings: KafkaSettings, options: MemberOptions): Promise<PlatformaticMember> {
    const { handlers, signal, replaces } = options;
    let member: PlatformaticMember | undefined;
    const connect = (): Promise<Cluster> =>
      Cluster.connect(library, settings, {
        signal,
        onLost: (error) => {
          if (member !== undefined) member.#end();
          options.onLost(error);
        },
      });
    const cluster = await connect().catch((error: unknown) => {
      // A connection that is cut before anything was done with it may be made once more.
      if (signal?.aborted === true || !classify(error, { doing: "Connecting to Kafka" }).retryable) throw error;
      return connect();
    });
    const abort = (): void => cluster.cut();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      member = new PlatformaticMember(settings, options, cluster);
      await handlers.leaving(member);
      if (replaces !== undefined) await member.#group.expel(replaces).catch(() => {});
      await member.#join();
    } catch (error) {
      // Whom the group has let in, and who is not there, holds up the next one until its session ends.
      await member?.leave(farewellMs);
      cluster.cut();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    return member;
  }

  get id(): string | undefined {
    return this.#group.memberId;
  }

  start(positions: readonly PartitionOffset[]): void {
    const { fetchWaitMs, maxBytesPerPartition, requestTimeoutMs } = this.#settings.native;
    this.#fetcher?.stop();
    if (this.#ended) return;
    this.#fetcher = new Fetcher(
      {
        cluster: this.#cluster,
        limits: { waitMs: fetchWaitMs, partitionBytes: maxBytesPerPartition, boundMs: requestTimeoutMs },
        batch: (batch) => this.#options.handlers.batch(batch),
        onFailed: (error) => this.#cluster.lose(error),
      },
      positions,
    );
    this.#fetcher.start();
  }

  hold(): void {
    this.#fetcher?.stop();
  }

  commit(offsets: readonly PartitionOffset[]): Promise<void> {
    return this.#group.commit(offsets);
  }

  async beat(): Promise<boolean> {
    try {
      await this.#group.beat();
      return true;
    } catch (error) {
      // The group counts this as a sign of life: only who has not joined in time is put out.
      return answerOf(error) === "REBALANCE_IN_PROGRESS";
    }
  }

  bounds(): Promise<readonly PartitionBounds[]> {
    return boundsOf(this.#cluster, this.#options.topics);
  }

  committed(): Promise<readonly PartitionOffset[]> {
    return committedOf(this.#cluster, this.#options.groupId);
  }

  async leave(boundMs: number): Promise<void> {
    this.#end();
    const { id } = this;
    if (id !== undefined)
      await atMost(
        boundMs,
        this.#group.expel(id).catch(() => {}),
      );
    this.#cluster.cut();
  }

  close(): void {
    this.#end();
    this.#cluster.cut();
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#fetcher?.stop();
  }

  async #join(): Promise<void> {
    const assigned = await this.#group.join();
    if (this.#ended) return;
    this.#lookedAt = Date.now();
    this.#beatLater();
    this.#options.handlers.joined(this, assigned);
  }

  #beatLater(): void {
    this.#timer = setTimeout(() => void this.#beat(), this.#settings.native.heartbeatIntervalMs);
  }

  async #beat(): Promise<void> {
    try {
      if (await this.#stays()) {
        if (!this.#ended) this.#beatLater();
        return;
      }
      this.#fetcher?.stop();
      await this.#options.handlers.leaving(this);
      if (!this.#ended) await this.#join();
    } catch (error) {
      if (!this.#ended) this.#cluster.lose(error as Error);
    }
  }

  /** Resolves to false when the group is to be joined anew. */
  async #stays(): Promise<boolean> {
    try {
      await this.#group.beat();
    } catch (error) {
      if (hasMovedOn(error)) return false;
      throw error;
    }
    if (Date.now() - this.#lookedAt < metadataMaxAgeMs) return true;
    this.#lookedAt = Date.now();
    return !(await this.#group.hasOtherPartitions());
  }
}
