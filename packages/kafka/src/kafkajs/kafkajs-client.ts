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
import { ProducerIdentity } from "../producer-identity.ts";
import { RecordProducer } from "../record-producer.ts";
import { kafkaOf, untilSettled } from "./kafkajs-config.ts";
import { KafkajsControl } from "./kafkajs-control.ts";
import { KafkajsMember } from "./kafkajs-member.ts";
import { KafkajsNetwork } from "./kafkajs-network.ts";
import { KafkajsTransactions } from "./kafkajs-transactions.ts";

/** kafkajs 2.2 behind the seam: each producer, member and control has a kafkajs client of its own, so that each can be ended alone. */
export class KafkajsClient implements KafkaClient {
  readonly #settings: KafkaSettings;
  /** One for all of its producers that confirm: each follows the one before. */
  readonly #identity: ProducerIdentity | undefined;
  #native: Kafka | undefined;

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
    this.#identity = settings.native.idempotent ? new ProducerIdentity() : undefined;
  }

  /** A kafkajs object with the same settings, connected to nothing yet. */
  get native(): Kafka {
    this.#native ??= kafkaOf(this.#settings, untilSettled);
    return this.#native;
  }

  connectProducer(options: ProducerOptions): Promise<ClientProducer> {
    const settings = this.#settings;
    return RecordProducer.connect(() => KafkajsNetwork.connect(settings, options), {
      acks: options.acks,
      native: settings.native,
      identity: this.#identity,
    });
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
