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
import { Cluster } from "./cluster.ts";
import { loadLibrary } from "./library.ts";
import type { Library } from "./library.ts";
import { PlatformaticControl } from "./platformatic-control.ts";
import { PlatformaticMember } from "./platformatic-member.ts";
import { PlatformaticNetwork } from "./platformatic-network.ts";
import { PlatformaticTransactions } from "./platformatic-transactions.ts";

/** `@platformatic/kafka` 1.35 behind the seam: its connections and protocol calls, without its clients, which try again by themselves. */
export class PlatformaticClient implements KafkaClient {
  readonly #settings: KafkaSettings;
  /** One for all of its producers that confirm: each follows the one before. */
  readonly #identity: ProducerIdentity | undefined;
  #library: Promise<Library> | undefined;
  #loaded: Library | undefined;

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
    this.#identity = settings.native.idempotent ? new ProducerIdentity() : undefined;
  }

  /** The library itself: it has no object that all of its clients come from. */
  get native(): Library | undefined {
    return this.#loaded;
  }

  async connectProducer(options: ProducerOptions): Promise<ClientProducer> {
    const settings = this.#settings;
    const library = await this.#load();
    return RecordProducer.connect(
      async () => new PlatformaticNetwork(await Cluster.connect(library, settings, options)),
      {
        acks: options.acks,
        native: settings.native,
        identity: this.#identity,
      },
    );
  }

  async connectControl(options: ConnectOptions): Promise<ClientControl> {
    return PlatformaticControl.connect(await this.#load(), this.#settings, options);
  }

  async connectTransactions(options: ConnectOptions): Promise<ClientTransactions> {
    return PlatformaticTransactions.connect(await this.#load(), this.#settings, options);
  }

  async joinGroup(options: MemberOptions): Promise<ClientMember> {
    return PlatformaticMember.join(await this.#load(), this.#settings, options);
  }

  async #load(): Promise<Library> {
    this.#loaded = await (this.#library ??= loadLibrary());
    return this.#loaded;
  }
}
