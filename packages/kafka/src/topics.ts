import { matches, parseCheckedFilter, RefusedError, reservedToken } from "@busbar/core/driver";
import type { ParsedFilter } from "@busbar/core/driver";
import type { Control } from "./control.ts";
import type { KafkaSettings } from "./options.ts";
import { busTopic, collisions, isInternal } from "./topic.ts";

const ownPrefix = `${reservedToken}.`;

/** What is known of a topic that is there. */
export interface KnownTopic {
  /** `max.message.bytes`; `undefined` where it may not be read. */
  readonly maxMessageBytes: number | undefined;
}

/** The topics of a cluster: made, checked or assumed as `topology` says, each once, and found by filter. */
export class Topics {
  readonly #control: Control;
  readonly #settings: KafkaSettings;
  readonly #known = new Map<string, Promise<KnownTopic>>();

  constructor(control: Control, settings: KafkaSettings) {
    this.#control = control;
    this.#settings = settings;
  }

  /**
   * Resolves once the topic is there. Makes it with topology "create"; rejects with `RefusedError` `BUSBAR_NOT_FOUND` where it is
   * missing with "check"; asks nothing with "assume".
   *
   * @param config Settings for a topic that has to be made, over those of the options.
   */
  ensure(
    name: string,
    config: Readonly<Record<string, string>> = {},
    partitions: number = this.#settings.native.partitions,
  ): Promise<KnownTopic> {
    let known = this.#known.get(name);
    if (known === undefined) {
      known =
        this.#settings.topology === "assume"
          ? Promise.resolve({ maxMessageBytes: undefined })
          : this.#provide(name, config, partitions);
      this.#known.set(name, known);
      known.catch(() => this.#known.delete(name));
    }
    return known;
  }

  /** Forgets what is known of a topic, which turned out to be wrong. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  /**
   * Tells, of a topic that the cluster said is not there, whether the next try may find it: because it will be made, or because it is
   * there after all (kafkajs says it of every topic once one is gone).
   */
  async mayComeBack(name: string): Promise<boolean> {
    this.#known.delete(name);
    if (this.#settings.topology === "create") return true;
    return this.#control
      .ask(`Looking for the topic "${name}"`, (control) => control.partitionCount(name), name)
      .then(
        (count) => count > 0,
        () => true,
      );
  }

  /** The names of all topics that fit the filter, without Kafka's own and the bus's. */
  async matching(filter: string): Promise<string[]> {
    const parsed: ParsedFilter = parseCheckedFilter(filter);
    const names = await this.#control.ask(
      `Looking for topics that fit "${filter}"`,
      (control) => control.topics(),
      filter,
    );
    // A filter that begins with a wildcard means none of the bus's own; requests are asked for by their own first token.
    const hidden = filter.startsWith(ownPrefix) ? undefined : ownPrefix;
    return names
      .filter((name) => !isInternal(name) && (hidden === undefined || !name.startsWith(hidden)))
      .filter((name) => matches(parsed, busTopic(name)))
      .sort();
  }

  async #provide(name: string, config: Readonly<Record<string, string>>, partitions: number): Promise<KnownTopic> {
    const count = await this.#control.ask(
      `Looking for the topic "${name}"`,
      (control) => control.partitionCount(name),
      name,
    );
    if (count === 0) await this.#create(name, config, partitions);
    const setting = await this.#control.ask(
      `Reading the settings of the topic "${name}"`,
      (control) => control.setting("max.message.bytes", name),
      name,
    );
    return { maxMessageBytes: setting === undefined ? undefined : Number(setting) };
  }

  async #create(name: string, config: Readonly<Record<string, string>>, partitions: number): Promise<void> {
    const { topology, native } = this.#settings;
    if (topology === "check") {
      throw new RefusedError(
        `Kafka has no topic "${name}", and topology is "check"; make it, or set topology: "create".`,
        {
          code: "BUSBAR_NOT_FOUND",
          broker: "kafka",
          topic: name,
        },
      );
    }
    const plan = {
      name,
      partitions,
      replicationFactor: native.replicationFactor,
      config: { ...native.topicConfig, ...config },
    };
    try {
      await this.#control.ask(`Making the topic "${name}"`, (control) => control.createTopic(plan), name);
    } catch (error) {
      throw (await this.#collision(name)) ?? error;
    }
  }

  /** Kafka says no more than "invalid" when another name differs only in dots and underscores. */
  async #collision(name: string): Promise<Error | undefined> {
    const names = await this.#control.ask("Looking for topics", (control) => control.topics()).catch(() => []);
    const [problem] = names.flatMap((other) => collisions([other, name]));
    return problem === undefined ? undefined : new RefusedError(problem, { broker: "kafka", topic: name });
  }
}
