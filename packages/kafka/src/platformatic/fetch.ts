import type { AssignedPartition } from "../client.ts";
import { readBatches } from "./batch-reader.ts";
import type { AbortedTransaction, ReadRecords } from "./batch-reader.ts";
import type { Cluster } from "./cluster.ts";
import { grouped } from "./grouped.ts";
import type { Connection, Library } from "./library.ts";

/** From where on a partition is to be read. */
export interface Wanted extends AssignedPartition {
  readonly from: number;
}

/** What one partition answered. */
export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  /** 0, or what was wrong with this partition. */
  readonly errorCode: number;
  readonly read: ReadRecords;
}

/** How much a fetch brings, and how long it may take. */
export interface FetchLimits {
  readonly waitMs: number;
  readonly partitionBytes: number;
  readonly boundMs: number;
}

const maxBytes = 10_485_760;
const readCommitted = 1;

/** One fetch from one broker. What is wrong with single partitions stands in the answer. */
export async function fetchFrom(
  cluster: Cluster,
  connection: Connection,
  wanted: readonly Wanted[],
  { waitMs, partitionBytes, boundMs }: FetchLimits,
): Promise<Fetched[]> {
  const { library } = cluster;
  const { createRequest, api } = library.fetchV12;
  const topics = Array.from(
    grouped(wanted, ({ topic }) => topic),
    ([topicId, ofTopic]) => ({
      topicId,
      partitions: ofTopic.map(({ partition, from }) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(from),
        lastFetchedEpoch: -1,
        partitionMaxBytes: partitionBytes,
      })),
    }),
  );
  const from = new Map(wanted.map((one) => [`${one.topic}:${one.partition}`, one.from]));
  const parse = (_correlation: number, _key: number, _version: number, reader: Reader): Fetched[] =>
    readAnswer(library, reader, (topic, partition) => from.get(`${topic}:${partition}`) ?? 0);
  const call = (to: Connection, answer: (error: Error | null, payload?: Fetched[]) => void): void =>
    to.send(
      api.key,
      api.version,
      () => createRequest(waitMs, 1, maxBytes, readCommitted, 0, -1, topics, [], ""),
      parse,
      true,
      true,
      answer,
    );
  return cluster.ask(connection, call, [], waitMs + boundMs);
}

type Reader = InstanceType<Library["Reader"]>;

/** The library's own reading of records makes several objects of every number, and they are most of what a consumer costs. */
function readAnswer(library: Library, reader: Reader, from: (topic: string, partition: number) => number): Fetched[] {
  const log = reader.buffer.buffer;
  reader.readInt32();
  const code = reader.readInt16();
  if (code !== 0) throw new library.ProtocolError(code);
  reader.readInt32();
  const fetched: Fetched[] = [];
  const decompress = (algorithm: number, bytes: Buffer): Buffer => {
    const found = library.compressionsAlgorithmsByBitmask[algorithm];
    if (found === undefined) throw new Error(`a batch is compressed in a way (${algorithm}) that is not known`);
    return found.decompressSync(bytes);
  };
  reader.readArray((topics) => {
    const topic = topics.readString();
    topics.readArray((partitions) => {
      const partition = partitions.readInt32();
      const errorCode = partitions.readInt16();
      // The high watermark, the last stable offset and the first offset of the log.
      partitions.skip(24);
      const aborted: AbortedTransaction[] = partitions.readArray((entries) => ({
        producerId: entries.readInt64(),
        firstOffset: entries.readInt64(),
      }));
      partitions.readInt32();
      const length = Math.max(0, partitions.readUnsignedVarInt() - 1);
      const start = from(topic, partition);
      const bytes = log.subarray(partitions.position, partitions.position + length);
      const read = errorCode === 0 ? readBatches(bytes, start, aborted, decompress) : { records: [], next: start };
      partitions.skip(length);
      fetched.push({ topic, partition, errorCode, read });
      return undefined;
    });
    return undefined;
  });
  return fetched;
}
