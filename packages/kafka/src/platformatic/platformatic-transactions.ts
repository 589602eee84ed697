import type { ClientTransactions, ConnectOptions, MessageOfTopic } from "../client.ts";
import { prepareCompression } from "../compression.ts";
import { grouped } from "../grouped.ts";
import type { KafkaSettings } from "../options.ts";
import { ProducerIdentity } from "../producer-identity.ts";
import type { ProducerId } from "../producer-identity.ts";
import { RecordProducer } from "../record-producer.ts";
import { Cluster } from "./cluster.ts";
import type { Call } from "./cluster.ts";
import type { Library } from "./library.ts";
import { PlatformaticNetwork } from "./platformatic-network.ts";

/** How long Kafka waits for the end of a transaction, before it gives that up, in milliseconds. */
const transactionTimeoutMs = 60_000;
/** How soon it is asked again whether the former transaction has ended, in milliseconds; mostly it takes a few. */
const soonMs = 20;

/** Writes transactions with the library's connections. After one that failed nothing more can be written: who comes next under this id begins anew. */
export class PlatformaticTransactions implements ClientTransactions {
  readonly #cluster: Cluster;
  readonly #id: string;
  readonly #producer: RecordProducer;
  #self: ProducerId | undefined;
  #coordinator: Promise<number> | undefined;
  /** The partitions that the transaction under way writes to. */
  readonly #joined = new Set<string>();

  private constructor(cluster: Cluster, settings: KafkaSettings, id: string) {
    this.#cluster = cluster;
    this.#id = id;
    this.#producer = new RecordProducer(new PlatformaticNetwork(cluster), {
      acks: -1,
      native: settings.native,
      identity: new ProducerIdentity(),
      transaction: {
        id,
        begin: () => this.#begin(),
        join: (topic, partitions) => this.#join(topic, partitions),
      },
    });
  }

  /** Connects to one of the brokers; nothing is left open when that fails. */
  static async connect(
    library: Library,
    settings: KafkaSettings,
    options: ConnectOptions,
  ): Promise<PlatformaticTransactions> {
    const { compression, transactionalId = "" } = settings.native;
    await prepareCompression(compression);
    const cluster = await Cluster.connect(library, settings, options);
    return new PlatformaticTransactions(cluster, settings, transactionalId);
  }

  async write(messages: readonly MessageOfTopic[], ending: () => void): Promise<void> {
    this.#joined.clear();
    const byTopic = grouped(messages, ({ topic }) => topic);
    // All of them, before it is given up: what came later would begin another one.
    const written = await Promise.allSettled(
      Array.from(byTopic, ([topic, ofTopic]) =>
        this.#producer.send(
          topic,
          ofTopic.map(({ message }) => message),
        ),
      ),
    );
    const failed = written.find((one) => one.status === "rejected");
    if (failed !== undefined) {
      // Who comes next under this id gives up what this one could not.
      await this.#end(false).catch(() => {});
      throw failed.reason;
    }
    ending();
    await this.#end(true);
  }

  close(): void {
    this.#cluster.cut();
  }

  /** From now on nobody else may write under this id. */
  async #begin(): Promise<ProducerId> {
    const { api } = this.#cluster.library.initProducerIdV4;
    const { producerId, producerEpoch } = await this.#ask(api, [this.#id, transactionTimeoutMs, -1n, -1]);
    this.#self = { producerId, producerEpoch };
    return this.#self;
  }

  async #join(topic: string, partitions: readonly number[]): Promise<void> {
    const fresh = partitions.filter((partition) => !this.#joined.has(`${topic}:${partition}`));
    const self = this.#self;
    if (self === undefined || fresh.length === 0) return;
    const { api } = this.#cluster.library.addPartitionsToTxnV3;
    const topics = [{ name: topic, partitions: fresh }];
    await this.#ask(api, [[{ transactionalId: this.#id, ...self, verifyOnly: false, topics }]], soonMs);
    for (const partition of fresh) this.#joined.add(`${topic}:${partition}`);
  }

  async #end(commit: boolean): Promise<void> {
    if (this.#self === undefined || this.#joined.size === 0) return;
    const { producerId, producerEpoch } = this.#self;
    await this.#ask(this.#cluster.library.endTxnV3.api, [this.#id, producerId, producerEpoch, commit], soonMs);
  }

  /** Asks the broker that keeps the transactions of this id. */
  #ask<Question extends unknown[], Answer>(
    call: Call<Question, Answer>,
    question: Question,
    firstMs?: number,
  ): Promise<Answer> {
    return this.#cluster.settled(async () => {
      try {
        const node = await (this.#coordinator ??= this.#cluster.coordinator(this.#id, "transactions"));
        return await this.#cluster.ask(await this.#cluster.connection(node), call, question);
      } catch (error) {
        this.#coordinator = undefined;
        throw error;
      }
    }, firstMs);
  }
}
