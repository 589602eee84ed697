import { compressBatch, writeBatch } from "./batch-writer.ts";
import { BrokerAnswer } from "./broker-answer.ts";
import { classify, numbersAreLost } from "./classify.ts";
import type { ClientMessage, ClientPosition, ClientProducer, ProducerOptions } from "./client.ts";
import { codecOf, compressionCodes, prepareCompression } from "./compression.ts";
import { grouped } from "./grouped.ts";
import { positiveMurmur2 } from "./murmur2.ts";
import { NeverSent } from "./never-sent.ts";
import type { NativeSettings } from "./options.ts";
import type { ProducerIdentity } from "./producer-identity.ts";
import type { NumberedShare, ProducerId, Share } from "./producer-identity.ts";

/** The connections of a library as a producer uses them. What fails comes as the library made it. */
export interface ProducerNetwork {
  /** The leader of each partition of a topic, -1 where there is none at the moment. Rejects where the topic is not there. */
  leaders(topic: string): Promise<readonly number[]>;
  /** The way to a broker, once it is connected. */
  to(leader: number): Promise<WriteBatches>;
  /** An id that nobody has, for a producer whose batches are kept once. */
  newId(): Promise<ProducerId>;
  crc32c(bytes: Buffer): number;
  /** Ends every connection and refuses new ones. */
  cut(): void;
}

/** Writes batches to one broker in one request. Resolves to where they are, a batch that was there already included; to nothing with `acks` 0. */
export type WriteBatches = (request: WriteRequest) => Promise<readonly WrittenBatch[]>;

/** What one broker is to write. */
export interface WriteRequest {
  readonly topic: string;
  readonly batches: readonly PackedBatch[];
  /** -1 waits for all replicas, 0 for nobody. */
  readonly acks: -1 | 0;
  /** How long the broker may wait for the replicas, in milliseconds. */
  readonly timeoutMs: number;
  /** `null` outside of transactions. */
  readonly transactionalId: string | null;
}

/** A record batch, ready for the log of its partition. */
export interface PackedBatch {
  readonly partition: number;
  readonly batch: Buffer;
}

/** Where a batch was written. */
export interface WrittenBatch {
  readonly partition: number;
  /** The offset of its first record; below zero where the broker has forgotten it. */
  readonly baseOffset: number;
}

/** What Kafka answers of a batch that it has already, when that was not one of the last. */
export const duplicateSequenceNumber = 46;

/** What a producer does beside writing, where all that it writes belongs to transactions. */
export interface TransactionOfProducer {
  readonly id: string;
  /** Takes the name. */
  begin(): Promise<ProducerId>;
  /** Takes partitions into the transaction, before anything is written to them. */
  join(topic: string, partitions: readonly number[]): Promise<void>;
}

/** How a producer writes. */
export interface RecordProducerOptions extends Pick<ProducerOptions, "acks"> {
  readonly native: NativeSettings;
  /** Makes it idempotent where its records are confirmed; the same one for all that follow each other. */
  readonly identity?: ProducerIdentity | undefined;
  readonly transaction?: TransactionOfProducer;
}

/** How soon new partitions of a topic are written to. */
const metadataMaxAgeMs = 300_000;

/** Where the partitions of a topic are. */
interface Route {
  readonly leaders: readonly number[];
  /** The partitions that have one. */
  readonly available: readonly number[];
  readonly knownUntil: number;
  turn: number;
}

/** The records of one partition, and what is sent of them. */
interface Packed extends NumberedShare, PackedBatch {}

/**
 * Chooses the partition of each record and makes the batches itself, whatever library has the connections: making them is most of what a publish
 * costs. Never sends a second time by itself.
 */
export class RecordProducer implements ClientProducer {
  readonly #network: ProducerNetwork;
  readonly #acks: -1 | 0;
  readonly #timeoutMs: number;
  readonly #compression: number;
  readonly #identity: ProducerIdentity | undefined;
  readonly #transaction: TransactionOfProducer | undefined;
  readonly #routes = new Map<string, Route>();

  constructor(network: ProducerNetwork, { acks, native, identity, transaction }: RecordProducerOptions) {
    this.#network = network;
    this.#acks = acks;
    this.#timeoutMs = native.requestTimeoutMs;
    this.#compression = compressionCodes[native.compression];
    this.#identity = acks === 0 ? undefined : identity;
    this.#transaction = transaction;
  }

  /** Makes one over what is connected to the cluster, once the codec that it compresses with is there. */
  static async connect(
    network: () => Promise<ProducerNetwork>,
    options: RecordProducerOptions,
  ): Promise<RecordProducer> {
    await prepareCompression(options.native.compression);
    return new RecordProducer(await network(), options);
  }

  async send(topic: string, messages: readonly ClientMessage[]): Promise<readonly ClientPosition[]> {
    try {
      return await this.#send(topic, messages);
    } catch (error) {
      // Who has what may have changed.
      this.#routes.delete(topic);
      // It is not sent again as it is, so that its numbers would be missing.
      if (numbersAreLost(error) || !classify(error, { doing: "Publishing" }).retryable) this.#identity?.forget();
      throw error;
    }
  }

  close(): void {
    this.#network.cut();
  }

  async #send(topic: string, messages: readonly ClientMessage[]): Promise<readonly ClientPosition[]> {
    const route = await this.#route(topic).catch(neverSent);
    const known = this.#identity?.numbered(messages);
    const divided = known ?? divide(route, messages);
    // What has numbers may be there already, from another time.
    const ways = this.#ways(route, divided);
    const connected = await (known === undefined ? ways.catch(neverSent) : ways);
    const shares = known ?? (await this.#number(topic, messages, divided));
    await this.#transaction?.join(
      topic,
      Array.from(shares, ({ partition }) => partition),
    );
    const byLeader = grouped(shares, ({ partition }) => route.leaders[partition] ?? -1);
    const positions: ClientPosition[] = this.#acks === 0 ? [] : Array.from({ length: messages.length });
    await Promise.all(
      Array.from(byLeader, async ([leader, led]) =>
        this.#write(connected.get(leader) as WriteBatches, topic, await this.#packed(led), positions),
      ),
    );
    return positions;
  }

  /** Connects to the leaders of all shares. */
  async #ways(route: Route, shares: readonly Share[]): Promise<ReadonlyMap<number, WriteBatches>> {
    const leaders = new Set(shares.map(({ partition }) => route.leaders[partition] ?? -1));
    if (leaders.has(-1)) throw new BrokerAnswer("LEADER_NOT_AVAILABLE");
    return new Map(
      await Promise.all(Array.from(leaders, async (leader) => [leader, await this.#network.to(leader)] as const)),
    );
  }

  async #number(
    topic: string,
    messages: readonly ClientMessage[],
    shares: readonly Share[],
  ): Promise<readonly NumberedShare[]> {
    if (this.#identity === undefined) return shares;
    const begin = (): Promise<ProducerId> => this.#transaction?.begin() ?? this.#network.newId();
    return this.#identity.number(topic, messages, shares, begin).catch(neverSent);
  }

  async #packed(shares: readonly NumberedShare[]): Promise<Packed[]> {
    const { crc32c } = this.#network;
    const plain = shares.map((share) => ({
      ...share,
      batch: writeBatch(share.messages, crc32c, share.number, this.#transaction !== undefined),
    }));
    if (this.#compression === 0) return plain;
    const codec = await codecOf(this.#compression);
    return Promise.all(
      plain.map(async (share) => ({
        ...share,
        batch: await compressBatch(share.batch, this.#compression, codec, crc32c),
      })),
    );
  }

  async #write(
    write: WriteBatches,
    topic: string,
    shares: readonly Packed[],
    positions: ClientPosition[],
  ): Promise<void> {
    const written = await write({
      topic,
      batches: shares,
      acks: this.#acks,
      timeoutMs: this.#timeoutMs,
      transactionalId: this.#transaction?.id ?? null,
    });
    for (const { partition, baseOffset } of written) {
      const places = shares.find((share) => share.partition === partition)?.places ?? [];
      places.forEach((place, later) => {
        positions[place] = { partition, offset: baseOffset + later };
      });
    }
  }

  async #route(topic: string): Promise<Route> {
    const known = this.#routes.get(topic);
    if (known !== undefined && Date.now() < known.knownUntil) return known;
    const leaders = await this.#network.leaders(topic);
    const available = leaders.flatMap((leader, partition) => (leader < 0 ? [] : [partition]));
    const turn = known?.turn ?? Math.floor(Math.random() * leaders.length);
    const route = { leaders, available, knownUntil: Date.now() + metadataMaxAgeMs, turn };
    this.#routes.set(topic, route);
    return route;
  }
}

function neverSent(error: unknown): never {
  throw new NeverSent(error);
}

/** Kafka's own choice: by the key as in Java, and in turn where there is none. */
function divide(route: Route, messages: readonly ClientMessage[]): readonly Share[] {
  const { leaders, available } = route;
  const shares = new Map<number, Share>();
  messages.forEach((message, place) => {
    const partition =
      message.key !== null
        ? positiveMurmur2(message.key) % leaders.length
        : available.length === 0
          ? route.turn++ % leaders.length
          : (available[route.turn++ % available.length] ?? 0);
    let share = shares.get(partition);
    if (share === undefined) shares.set(partition, (share = { partition, messages: [], places: [] }));
    share.messages.push(message);
    share.places.push(place);
  });
  return [...shares.values()];
}
