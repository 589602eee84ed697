import type {
  ClientControl,
  ClientMember,
  ClientProducer,
  ClientTransactions,
  ConnectOptions,
  KafkaClient,
  MemberOptions,
  ProducerOptions,
} from "./client.ts";
import type { KafkaSettings } from "./options.ts";

/** The client that `native.client` names. Its library is loaded when the first connection is made, and the other one not at all. */
export class ChosenClient implements KafkaClient {
  readonly #settings: KafkaSettings;
  #loading: Promise<KafkaClient> | undefined;
  #loaded: KafkaClient | undefined;

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
  }

  /** `undefined` before anything was connected. */
  get native(): unknown {
    return this.#loaded?.native;
  }

  async connectProducer(options: ProducerOptions): Promise<ClientProducer> {
    return (await this.#load()).connectProducer(options);
  }

  async connectControl(options: ConnectOptions): Promise<ClientControl> {
    return (await this.#load()).connectControl(options);
  }

  async connectTransactions(options: ConnectOptions): Promise<ClientTransactions> {
    return (await this.#load()).connectTransactions(options);
  }

  async joinGroup(options: MemberOptions): Promise<ClientMember> {
    return (await this.#load()).joinGroup(options);
  }

  async #load(): Promise<KafkaClient> {
    this.#loaded = await (this.#loading ??= this.#choose());
    return this.#loaded;
  }

  async #choose(): Promise<KafkaClient> {
    if (this.#settings.native.client === "platformatic") {
      const { PlatformaticClient } = await import("./platformatic/platformatic-client.ts");
      return new PlatformaticClient(this.#settings);
    }
    const { KafkajsClient } = await import("./kafkajs/kafkajs-client.ts");
    return new KafkajsClient(this.#settings);
  }
}
