import { once } from "node:events";
import { atMost } from "@busbar/core/driver";
import { classify, numbersAreLost } from "../classify.ts";
import type { ClientMessage, ClientPosition, ClientProducer, ProducerOptions } from "../client.ts";
import { codecOf, compressionCodes, prepareCompression } from "../compression.ts";
import type { KafkaSettings, NativeSettings } from "../options.ts";
import { answerBeside, BrokerAnswer } from "./answers.ts";
import { compressBatch, writeBatch } from "./batch-writer.ts";
import { Cluster } from "./cluster.ts";
import { grouped } from "../grouped.ts";
import type { Connection, Library } from "./library.ts";
import { positiveMurmur2 } from "./murmur2.ts";
import { ProducerIdentity } from "./producer-identity.ts";
import type { NumberedShare, ProducerId, Share } from "./producer-identity.ts";

/** How soon new partitions of a topic are written to. */
const metadataMaxAgeMs = 300_000;

/** Where the partitions of a topic are. */
interface Route {
  /** The leader of each partition; -1 where there is none at the moment. */
  readonly leaders: readonly number[];
  /** The partitions that have one. */
  readonly available: readonly number[];
  readonly knownUntil: number;
  turn: number;
}

/** The records of one partition, and what is sent of them. */
interface Packed extends NumberedShare {
  readonly batch: Buffer;
}

/** What Kafka answers of a batch that it has already, when that was not one of the last. */
const duplicateSequenceNumber = 46;
/** As Java says it: there is no transaction that could take too long. */
const noTransactionMs = 2_147_483_647;

/** What a producer does beside writing, where all that it writes belongs to transactions. */
export interface TransactionOfProducer {
  readonly id: string;
  /** Takes the name. */
  begin(): Promise<ProducerId>;
  /** Takes partitions into the transaction, before anything is written to them. */
  join(topic: string, partitions: readonly number[]): Promise<void>;
}

/** Writes records with the library's connections. Never sends a second time by itself. */
export class PlatformaticProducer implements ClientProducer {
  readonly #cluster: Cluster;
  readonly #acks: -1 | 0;
  readonly #timeoutMs: number;
  readonly #compression: number;
  readonly #identity: ProducerIdentity | undefined;
  readonly #transaction: TransactionOfProducer | undefined;
  readonly #routes = new Map<string, Route>();
  readonly #underway = new Set<Promise<unknown>>();

  private constructor(
    cluster: Cluster,
    acks: -1 | 0,
    { requestTimeoutMs, compression }: NativeSettings,
    identity: ProducerIdentity | undefined,
    transaction?: TransactionOfProducer,
  ) {
    this.#transaction = transaction;
    this.#identity = identity;
    this.#cluster = cluster;
    this.#acks = acks;
    this.#timeoutMs = requestTimeoutMs;
    this.#compression = compressionCodes[compression];
  }

  /** @param identity Makes it idempotent; the same one for all that follow each other. */
  static async connect(
    library: Library,
    settings: KafkaSettings,
    options: ProducerOptions,
    identity?: ProducerIdentity,
  ): Promise<PlatformaticProducer> {
    await prepareCompression(settings.native.compression);
    const cluster = await Cluster.connect(library, settings, options);
    return new PlatformaticProducer(cluster, options.acks, settings.native, identity);
  }

  /** One that writes into transactions only, over connections that are somebody else's. */
  static of(cluster: Cluster, { native }: KafkaSettings, transaction: TransactionOfProducer): PlatformaticProducer {
    return new PlatformaticProducer(cluster, -1, native, new ProducerIdentity(), transaction);
  }

  async send(topic: string, messages: readonly ClientMessage[]): Promise<readonly ClientPosition[]> {
    const sending = this.#send(topic, messages);
    this.#underway.add(sending);
    try {
      return await sending;
    } catch (error) {
      // Who has what may have changed.
      this.#routes.delete(topic);
      // It is not sent again as it is, so that its numbers would be missing.
      if (numbersAreLost(error) || !classify(error, { doing: "Publishing" }).retryable) this.#identity?.forget();
      throw error;
    } finally {
      this.#underway.delete(sending);
    }
  }

  close(graceMs = 0): void {
    if (graceMs === 0) return this.#cluster.cut();
    void atMost(graceMs, Promise.allSettled(this.#underway)).then(() => this.#cluster.cut());
  }

  async #send(topic: string, messages: readonly ClientMessage[]): Promise<readonly ClientPosition[]> {
    const route = await this.#route(topic);
    const shares: Iterable<NumberedShare> =
      this.#identity === undefined
        ? divide(route, messages)
        : await this.#identity.number(
            topic,
            messages,
            () => divide(route, messages),
            () => this.#transaction?.begin() ?? this.#begin(),
          );
    await this.#transaction?.join(
      topic,
      Array.from(shares, ({ partition }) => partition),
    );
    const byLeader = grouped(shares, ({ partition }) => {
      const leader = route.leaders[partition] ?? -1;
      if (leader < 0) throw new BrokerAnswer("LEADER_NOT_AVAILABLE", undefined);
      return leader;
    });
    const connected = await Promise.all(
      Array.from(byLeader, async ([leader, led]) => [await this.#cluster.connection(leader), led] as const),
    );
    const positions: ClientPosition[] = this.#acks === 0 ? [] : Array.from({ length: messages.length });
    await Promise.all(
      connected.map(async ([connection, led]) => this.#produce(connection, topic, await this.#packed(led), positions)),
    );
    return positions;
  }

  async #begin(): Promise<ProducerId> {
    const { api } = this.#cluster.library.initProducerIdV4;
    return this.#cluster.settled(async () => {
      const connection = await this.#cluster.connection(this.#cluster.anyBroker);
      return this.#cluster.ask(connection, api, [null, noTransactionMs, -1n, -1]);
    });
  }

  async #packed(shares: readonly NumberedShare[]): Promise<Packed[]> {
    const { crc32c } = this.#cluster.library;
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

  async #produce(
    connection: Connection,
    topic: string,
    shares: readonly Packed[],
    positions: ClientPosition[],
  ): Promise<void> {
    const { Writer, produceV9 } = this.#cluster.library;
    const call = (to: Connection, answer: (error: Error | null, payload?: ProduceAnswer) => void): void => {
      const request = Writer.create()
        .appendString(this.#transaction?.id ?? null)
        .appendInt16(this.#acks)
        .appendInt32(this.#timeoutMs)
        .appendArray([topic], (topics) => {
          topics.appendString(topic).appendArray([...shares], (partitions, { partition, batch }) => {
            partitions
              .appendInt32(partition)
              .appendUnsignedVarInt(batch.length + 1)
              .append(batch);
          });
        })
        .appendTaggedFields();
      if (this.#acks === 0) request.context.noResponse = true;
      const parse = produceV9.parseResponse as (...args: Parameters<typeof produceV9.parseResponse>) => ProduceAnswer;
      to.send(produceV9.api.key, produceV9.api.version, () => request, parse, true, true, answer);
    };
    const answer = await this.#cluster.ask(connection, call, []).catch((error: unknown) => {
      const beside = answerBeside(error) as Exclude<ProduceAnswer, boolean> | undefined;
      const codes = beside?.responses.flatMap(({ partitionResponses }) =>
        partitionResponses.map(({ errorCode }) => errorCode),
      );
      if (beside === undefined || codes?.every((code) => code === 0 || code === duplicateSequenceNumber) !== true)
        throw error;
      return beside;
    });
    if (typeof answer === "boolean") {
      // Nobody answers, so that the socket is what tells how much it can take.
      if (connection.socket.writableNeedDrain)
        await Promise.race([once(connection.socket, "drain"), once(connection.socket, "close")]);
      return;
    }
    for (const { partitionResponses } of answer.responses) {
      for (const { index, baseOffset } of partitionResponses) {
        const places = shares.find(({ partition }) => partition === index)?.places ?? [];
        const first = Number(baseOffset);
        places.forEach((place, later) => {
          positions[place] = { partition: index, offset: first + later };
        });
      }
    }
  }

  async #route(topic: string): Promise<Route> {
    const known = this.#routes.get(topic);
    if (known !== undefined && Date.now() < known.knownUntil) return known;
    const { topics } = await this.#cluster.metadata([topic]);
    const [found] = topics;
    if (found === undefined || found.errorCode !== 0) throw this.#cluster.failure(found?.errorCode ?? 3);
    const leaders: number[] = [];
    for (const { partitionIndex, leaderId } of found.partitions) leaders[partitionIndex] = leaderId;
    const available = leaders.flatMap((leader, partition) => (leader < 0 ? [] : [partition]));
    const turn = known?.turn ?? Math.floor(Math.random() * leaders.length);
    const route = { leaders, available, knownUntil: Date.now() + metadataMaxAgeMs, turn };
    this.#routes.set(topic, route);
    return route;
  }
}

type ProduceAnswer = boolean | ReturnType<Library["produceV9"]["parseResponse"]>;

/** Kafka's own choice: by the key as in Java, and in turn where there is none. */
function divide(route: Route, messages: readonly ClientMessage[]): Iterable<Share> {
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
  return shares.values();
}
