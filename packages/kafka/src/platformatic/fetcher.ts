import { pause } from "@busbar/core/driver";
import type { ClientBatch, MemberHandlers, PartitionOffset } from "../client.ts";
import { BrokerAnswer } from "../broker-answer.ts";
import type { ReadRecords } from "./batch-reader.ts";
import type { Cluster } from "./cluster.ts";
import { fetchFrom } from "./fetch.ts";
import type { Fetched, FetchLimits } from "./fetch.ts";
import { boundsOf } from "./questions.ts";

/** What a fetcher needs. */
export interface FetcherOptions {
  readonly cluster: Cluster;
  readonly limits: FetchLimits;
  readonly batch: MemberHandlers["batch"];
  /** It cannot go on. */
  readonly onFailed: (error: Error) => void;
}

/** Where one partition is read from. */
interface Reading {
  readonly topic: string;
  readonly partition: number;
  at: number;
  leader: number;
  /** True while its records are being taken. */
  busy: boolean;
}

/** How long the cluster has to name a leader again before the connection counts as lost. */
const leaderTimeoutMs = 30_000;
const leaderPollMs = 100;
/** Partitions that answer so have moved, or are about to. */
const moved: ReadonlySet<string> = new Set([
  "NOT_LEADER_FOR_PARTITION",
  "LEADER_NOT_AVAILABLE",
  "REPLICA_NOT_AVAILABLE",
  "FENCED_LEADER_EPOCH",
  "UNKNOWN_LEADER_EPOCH",
  "KAFKA_STORAGE_ERROR",
  "OFFSET_NOT_AVAILABLE",
]);

/**
 * Reads the partitions of one assignment, from `start` to `stop`: one fetch at a time of each leader, for those of its partitions
 * whose last records were taken.
 */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #readings: readonly Reading[];
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(options: FetcherOptions, positions: readonly PartitionOffset[]) {
    this.#options = options;
    this.#readings = positions.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      at: offset,
      leader: -1,
      busy: false,
    }));
  }

  start(): void {
    if (this.#readings.length > 0) this.#run().catch((error: unknown) => this.#fail(error));
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** Finds the leaders and reads from each of them until one does not lead any more. */
  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#findLeaders();
      const leaders = new Set(this.#readings.map(({ leader }) => leader));
      const ended = new Ended();
      const reading = Array.from(leaders, (leader) =>
        this.#readFrom(leader, ended).finally(() => {
          ended.now = true;
          // Who waits for records to be taken is to see it too, or what moved would wait with it.
          this.#wake?.();
        }),
      );
      await Promise.all(reading);
      if (!this.#stopped) await pause(leaderPollMs);
    }
  }

  async #findLeaders(): Promise<void> {
    const { cluster } = this.#options;
    const names = [...new Set(this.#readings.map(({ topic }) => topic))];
    for (const until = Date.now() + leaderTimeoutMs; !this.#stopped; await pause(leaderPollMs)) {
      const { topics } = await cluster.metadata(names);
      for (const reading of this.#readings) {
        const topic = topics.find(({ name }) => name === reading.topic);
        if (topic !== undefined && topic.errorCode !== 0) throw cluster.failure(topic.errorCode);
        const found = topic?.partitions.find(({ partitionIndex }) => partitionIndex === reading.partition);
        reading.leader = found?.leaderId ?? -1;
      }
      if (this.#readings.every(({ leader }) => leader >= 0)) return;
      if (Date.now() > until) throw new BrokerAnswer("LEADER_NOT_AVAILABLE");
    }
  }

  async #readFrom(leader: number, ended: Ended): Promise<void> {
    const { cluster, limits } = this.#options;
    const connection = await cluster.connection(leader, "fetch");
    while (!this.#stopped && !ended.now) {
      const free = this.#readings.filter((reading) => reading.leader === leader && !reading.busy);
      if (free.length === 0) {
        await this.#taken();
        continue;
      }
      const wanted = free.map(({ topic, partition, at }) => ({ topic, partition, from: at }));
      const fetched = await fetchFrom(cluster, connection, wanted, limits);
      if (this.#stopped) return;
      for (const answer of fetched) {
        const reading = free.find(({ topic, partition }) => topic === answer.topic && partition === answer.partition);
        if (reading !== undefined && !(await this.#take(reading, answer))) return;
      }
      // Whoever takes records at once has done it by then, and is in the next fetch.
      await turn();
    }
  }

  /** Resolves to false when the partition is not led by whom it was asked of. */
  async #take(reading: Reading, { errorCode, read }: Fetched): Promise<boolean> {
    if (errorCode !== 0) return this.#mend(reading, errorCode);
    if (read.records.length > 0) this.#handOver(reading, read);
    // Nothing but marks of transactions, or what was given up.
    else reading.at = read.next;
    return true;
  }

  async #mend(reading: Reading, errorCode: number): Promise<boolean> {
    const { cluster } = this.#options;
    const failure = cluster.failure(errorCode) as BrokerAnswer;
    if (moved.has(failure.type)) return false;
    if (failure.type !== "OFFSET_OUT_OF_RANGE") throw failure;
    const { topic, partition } = reading;
    const bounds = await boundsOf(cluster, [topic]);
    // The beginning loses nothing.
    reading.at = bounds.find((entry) => entry.partition === partition)?.low ?? 0;
    return true;
  }

  #handOver(reading: Reading, { records, next }: ReadRecords): void {
    const { topic, partition, at } = reading;
    const isStale = (): boolean => this.#stopped || reading.at !== at;
    const batch: ClientBatch = {
      topic,
      partition,
      records,
      isStale,
      accept: () => {
        if (!isStale()) reading.at = next;
      },
      heartbeat: () => (this.#stopped ? Promise.reject(new BrokerAnswer("REBALANCE_IN_PROGRESS")) : Promise.resolve()),
    };
    reading.busy = true;
    const done = (): void => {
      reading.busy = false;
      this.#wake?.();
    };
    this.#options.batch(batch).then(done, done);
  }

  /** Resolves when the records of some partition were taken. */
  #taken(): Promise<void> {
    return new Promise((resolve) => {
      const former = this.#wake;
      this.#wake = () => {
        this.#wake = undefined;
        former?.();
        resolve();
      };
    });
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.onFailed(error as Error);
  }
}

/** That one of several readers has ended, and the others are to. */
class Ended {
  now = false;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
