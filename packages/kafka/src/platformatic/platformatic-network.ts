import { once } from "node:events";
import type { ProducerId } from "../producer-identity.ts";
import { duplicateSequenceNumber } from "../record-producer.ts";
import type { ProducerNetwork, WriteBatches, WriteRequest, WrittenBatch } from "../record-producer.ts";
import { answerBeside } from "./answers.ts";
import type { Cluster } from "./cluster.ts";
import type { Connection, Library } from "./library.ts";

/** As Java says it: there is no transaction that could take too long. */
const noTransactionMs = 2_147_483_647;

/** Writes through the library's connections. */
export class PlatformaticNetwork implements ProducerNetwork {
  readonly #cluster: Cluster;
  readonly crc32c: (bytes: Buffer) => number;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.crc32c = cluster.library.crc32c;
  }

  async leaders(topic: string): Promise<readonly number[]> {
    const { topics } = await this.#cluster.metadata([topic]);
    const [found] = topics;
    if (found === undefined || found.errorCode !== 0) throw this.#cluster.failure(found?.errorCode ?? 3);
    const leaders: number[] = [];
    for (const { partitionIndex, leaderId } of found.partitions) leaders[partitionIndex] = leaderId;
    return leaders;
  }

  async to(leader: number): Promise<WriteBatches> {
    const connection = await this.#cluster.connection(leader);
    return (request) => this.#write(connection, request);
  }

  newId(): Promise<ProducerId> {
    const { api } = this.#cluster.library.initProducerIdV4;
    return this.#cluster.settled(async () => {
      const connection = await this.#cluster.connection(this.#cluster.anyBroker);
      return this.#cluster.ask(connection, api, [null, noTransactionMs, -1n, -1]);
    });
  }

  cut(): void {
    this.#cluster.cut();
  }

  async #write(connection: Connection, request: WriteRequest): Promise<readonly WrittenBatch[]> {
    const answer = await this.#cluster.ask(connection, this.#call(request), []).catch((error: unknown) => {
      const beside = answerBeside(error) as Exclude<ProduceAnswer, boolean> | undefined;
      const codes = beside?.responses.flatMap(({ partitionResponses }) =>
        partitionResponses.map(({ errorCode }) => errorCode),
      );
      if (beside === undefined || codes?.every((code) => code === 0 || code === duplicateSequenceNumber) !== true)
        throw error;
      return beside;
    });
    if (typeof answer !== "boolean")
      return answer.responses.flatMap(({ partitionResponses }) =>
        partitionResponses.map(({ index, baseOffset }) => ({ partition: index, baseOffset: Number(baseOffset) })),
      );
    // Nobody answers, so that the socket is what tells how much it can take.
    if (connection.socket.writableNeedDrain)
      await Promise.race([once(connection.socket, "drain"), once(connection.socket, "close")]);
    return [];
  }

  #call({ topic, batches, acks, timeoutMs, transactionalId }: WriteRequest) {
    const { Writer, produceV9 } = this.#cluster.library;
    return (to: Connection, answer: (error: Error | null, payload?: ProduceAnswer) => void): void => {
      const request = Writer.create()
        .appendString(transactionalId)
        .appendInt16(acks)
        .appendInt32(timeoutMs)
        .appendArray([topic], (topics) => {
          topics.appendString(topic).appendArray([...batches], (partitions, { partition, batch }) => {
            partitions
              .appendInt32(partition)
              .appendUnsignedVarInt(batch.length + 1)
              .append(batch);
          });
        })
        .appendTaggedFields();
      if (acks === 0) request.context.noResponse = true;
      const parse = produceV9.parseResponse as (...args: Parameters<typeof produceV9.parseResponse>) => ProduceAnswer;
      to.send(produceV9.api.key, produceV9.api.version, () => request, parse, true, true, answer);
    };
  }
}

type ProduceAnswer = boolean | ReturnType<Library["produceV9"]["parseResponse"]>;
