import type { Kafka } from "kafkajs";
import type {
  ClientControl,
  ClientMember,
  ClientProducer,
  ClientTransactions,
  ConnectOptions,
  KafkaClient,
  MemberOptions,
  ProducerOptions,
} from "../client.ts";
import type { KafkaSettings } from "../options.ts";
import { kafkaOf, untilSettled } from "./kafkajs-config.ts";
import { KafkajsControl } from "./kafkajs-control.ts";
import { KafkajsMember } from "./kafkajs-member.ts";
import { KafkajsProducer } from "./kafkajs-producer.ts";
import { KafkajsTransactions } from "./kafkajs-transactions.ts";

/** kafkajs 2.2 behind the seam: each producer, member and control has a kafkajs client of its own, so that each can be ended alone. */
export class KafkajsClient implements KafkaClient {
  readonly #settings: KafkaSettings;
  #native: Kafka | undefined;

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
  }

  /** A kafkajs object with the same settings, connected to nothing yet. */
  get native(): Kafka {
    this.#native ??= kafkaOf(this.#settings, untilSettled);
    return this.#native;
  }

  connectProducer(options: ProducerOptions): Promise<ClientProducer> {
    return KafkajsProducer.connect(this.#settings, options);
  }

  connectControl(options: ConnectOptions): Promise<ClientControl> {
    return KafkajsControl.connect(this.#settings, options);
  }

  connectTransactions(options: ConnectOptions): Promise<ClientTransactions> {
    return KafkajsTransactions.connect(this.#settings, options);
  }

  joinGroup(options: MemberOptions): Promise<ClientMember> {
    return KafkajsMember.join(this.#settings, options);
  }
}
