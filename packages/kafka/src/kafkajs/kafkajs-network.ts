import type { Broker, Cluster } from "kafkajs";
import protocolErrors from "kafkajs/src/protocol/error.js";
import crc32c from "kafkajs/src/protocol/recordBatch/crc32C/index.js";
import type { ConnectOptions } from "../client.ts";
import { onceCoordinated } from "../once-coordinated.ts";
import type { KafkaSettings } from "../options.ts";
import type { ProducerId } from "../producer-identity.ts";
import { duplicateSequenceNumber } from "../record-producer.ts";
import type { ProducerNetwork, WriteBatches, WriteRequest, WrittenBatch } from "../record-producer.ts";
import { anyBroker, bareCluster } from "./cluster-access.ts";
import { connectOver } from "./connect-over.ts";
import { groupAssigner } from "./group-assigner.ts";
import { eachBrokerOnce, kafkaOf } from "./kafkajs-config.ts";
import { Line } from "./line.ts";
import { produceRequests } from "./produce-request.ts";
import type { BatchAnswer, ProduceAnswer, ProduceRequest, ProduceRequests } from "./produce-request.ts";

/** What kafkajs's broker object can beyond its published types (`kafkajs/src/broker/index.js`). */
interface ProducerCalls {
  /** Chooses the version of a request that the server speaks too. */
  lookupRequest(apiKey: number, requests: ProduceRequests): (request: WriteRequest) => ProduceRequest;
  readonly connectionPool: { send(request: ProduceRequest): Promise<ProduceAnswer | undefined> };
  initProducerId(request: { transactionTimeout: number }): Promise<{ producerId: string; producerEpoch: number }>;
}

/** The number of produce requests in Kafka's protocol. */
const produce = 0;
/** As Java says it: there is no transaction that could take too long. */
const noTransactionMs = 2_147_483_647;

/** Writes through kafkajs's connections. */
export class KafkajsNetwork implements ProducerNetwork {
  readonly crc32c: (bytes: Buffer) => number = crc32c;
  readonly #cluster: Cluster;
  readonly #line: Line;
  /** How long it is waited for the broker that gives out ids. */
  readonly #patienceMs: number;

  private constructor(cluster: Cluster, line: Line, { connectTimeoutMs }: KafkaSettings) {
    this.#cluster = cluster;
    this.#line = line;
    this.#patienceMs = connectTimeoutMs;
  }

  /** Connects to one of the brokers; nothing is left open when that fails. */
  static async connect(settings: KafkaSettings, options: ConnectOptions): Promise<KafkajsNetwork> {
    const line = new Line(options.onLost);
    const cluster = bareCluster(kafkaOf(settings, eachBrokerOnce(settings), line), groupAssigner, line.late);
    await connectOver(line, [cluster], settings, options, () => cluster.refreshMetadata());
    return new KafkajsNetwork(cluster, line, settings);
  }

  async leaders(topic: string): Promise<readonly number[]> {
    const { topicMetadata } = await (await anyBroker(this.#cluster)).metadata([topic]);
    const leaders: number[] = [];
    for (const { partitionId, leader } of topicMetadata[0]?.partitionMetadata ?? []) leaders[partitionId] = leader;
    return leaders;
  }

  async to(leader: number): Promise<WriteBatches> {
    const broker = calls(await this.#cluster.findBroker({ nodeId: String(leader) }));
    return async (request) => {
      const answer = await broker.connectionPool.send(broker.lookupRequest(produce, produceRequests)(request));
      return (answer?.topics ?? []).flatMap(({ partitions }) => partitions.map(writtenBatch));
    };
  }

  newId(): Promise<ProducerId> {
    return onceCoordinated(this.#patienceMs, async () => {
      const broker = calls(await anyBroker(this.#cluster));
      const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: noTransactionMs });
      return { producerId: BigInt(producerId), producerEpoch };
    });
  }

  cut(): void {
    this.#line.cut();
    this.#cluster.disconnect().catch(() => {});
  }
}

function calls(broker: Broker): ProducerCalls {
  return broker as unknown as ProducerCalls;
}

function writtenBatch({ partition, errorCode, baseOffset }: BatchAnswer): WrittenBatch {
  if (errorCode !== 0 && errorCode !== duplicateSequenceNumber) throw protocolErrors.createErrorFromCode(errorCode);
  return { partition, baseOffset: Number(baseOffset) };
}
