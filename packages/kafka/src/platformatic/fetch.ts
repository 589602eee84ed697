import type { AssignedPartition } from "../client.ts";
import { codecOf, loadedCodec } from "../compression.ts";
import { readBatches } from "./batch-reader.ts";
import type { AbortedTransaction, ReadRecords } from "./batch-reader.ts";
import type { Cluster } from "./cluster.ts";
import { grouped } from "../grouped.ts";
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
  const parse = (_correlation: number, _key: number, _version: number, reader: Reader): Answer[] =>
    readAnswer(library, reader);
  const call = (to: Connection, answer: (error: Error | null, payload?: Answer[]) => void): void =>
    to.send(
      api.key,
      api.version,
      () => createRequest(waitMs, 1, maxBytes, readCommitted, 0, -1, topics, [], ""),
      parse,
      true,
      true,
      answer,
    );
  const answers = await cluster.ask(connection, call, [], waitMs + boundMs);
  const fetched: Fetched[] = [];
  for (const answer of answers)
    fetched.push(await readRecords(answer, from.get(`${answer.topic}:${answer.partition}`) ?? 0));
  return fetched;
}

/** What one partition answered, before its records are read. */
interface Answer extends AssignedPartition {
  readonly errorCode: number;
  readonly log: Buffer;
  readonly aborted: readonly AbortedTransaction[];
}

/** Reads the records, and loads first what they are compressed with. */
async function readRecords({ topic, partition, errorCode, log, aborted }: Answer, from: number): Promise<Fetched> {
  if (errorCode !== 0) return { topic, partition, errorCode, read: { records: [], next: from } };
  let missing: number | undefined;
  const decompress = (code: number, bytes: Buffer): Buffer => {
    const codec = loadedCodec(code);
    if (codec !== undefined) return codec.decompress(bytes);
    missing = code;
    throw new Error("its codec is still to be loaded");
  };
  for (;;) {
    try {
      return { topic, partition, errorCode, read: readBatches(log, from, aborted, decompress) };
    } catch (error) {
      if (missing === undefined) throw error;
      await codecOf(missing);
      missing = undefined;
    }
  }
}

type Reader = InstanceType<Library["Reader"]>;

/** The library's own reading of records makes several objects of every number, and they are most of what a consumer costs. */
function readAnswer(library: Library, reader: Reader): Answer[] {
  const log = reader.buffer.buffer;
  reader.readInt32();
  const code = reader.readInt16();
  if (code !== 0) throw new library.ProtocolError(code);
  reader.readInt32();
  const answers: Answer[] = [];
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
      answers.push({
        topic,
        partition,
        errorCode,
        log: log.subarray(partitions.position, partitions.position + length),
        aborted,
      });
      partitions.skip(length);
      return undefined;
    });
    return undefined;
  });
  return answers;
}
