import type { AbortOptions, DeadLetterStore, OutboundRecord, StoredDeadLetter } from "@busbar/core/contract";
import { abortable } from "@busbar/core/driver";
import type { ClientMessage, ClientRecord } from "./client.ts";
import type { Control } from "./control.ts";
import { deadLetterToRecord } from "./to-record.ts";
import { busTopic, deadLetterTopic } from "./topic.ts";
import { toDeadLetter } from "./from-record.ts";
import type { Topics } from "./topics.ts";

/** What the store needs. */
export interface KafkaDeadLettersOptions {
  readonly control: Control;
  readonly topics: Topics;
  /** Publishes, confirmed by all replicas. */
  readonly publish: (
    topic: string,
    message: ClientMessage,
    of: { readonly token: string; readonly sending: number },
  ) => Promise<unknown>;
}

/** One partition, so that a listing has the order of the log; compacted, so that each slot is kept once and for ever. */
const topicConfig = { "cleanup.policy": "compact" };

/**
 * Dead letters in the compacted topic `_busbar.dlq.<group>`: the slot is the key, a removal is a tombstone. Compaction
 * comes late and in its own time, so a listing reads the whole log and folds it itself.
 */
export class KafkaDeadLetters implements DeadLetterStore {
  readonly #options: KafkaDeadLettersOptions;

  constructor(options: KafkaDeadLettersOptions) {
    this.#options = options;
  }

  async put(group: string, slot: string, record: OutboundRecord, options?: AbortOptions): Promise<void> {
    const name = deadLetterTopic(group);
    const message = toDeadLetter(record, slot, busTopic(name));
    const of = { token: record.publishToken, sending: record.sending };
    await abortable(this.#write(name, message, of), options?.signal);
  }

  async *list(group: string, options?: AbortOptions): AsyncGenerator<StoredDeadLetter> {
    const name = deadLetterTopic(group);
    const address = busTopic(name);
    const latest = await this.#latest(name, options?.signal);
    for await (const { partition, record } of this.#read(name, options?.signal)) {
      const handle = record.key?.toString("utf8");
      if (handle === undefined || latest.get(handle) !== `${partition}:${record.offset}`) continue;
      yield { handle, record: deadLetterToRecord(record, address) };
    }
  }

  async remove(group: string, handles: readonly string[], options?: AbortOptions): Promise<number> {
    const name = deadLetterTopic(group);
    const latest = await this.#latest(name, options?.signal);
    const there = [...new Set(handles)].filter((handle) => latest.has(handle));
    const tombstones = there.map((handle) =>
      this.#write(name, tombstone(handle), { token: `remove ${handle}`, sending: 1 }),
    );
    await abortable(Promise.all(tombstones), options?.signal);
    return there.length;
  }

  async #write(
    name: string,
    message: ClientMessage,
    of: { readonly token: string; readonly sending: number },
  ): Promise<void> {
    await this.#options.topics.ensure(name, topicConfig, 1);
    await this.#options.publish(name, message, of);
  }

  /** Where the last record of each slot stands, without the removed ones. */
  async #latest(name: string, signal: AbortSignal | undefined): Promise<Map<string, string>> {
    const latest = new Map<string, string>();
    for await (const { partition, record } of this.#read(name, signal)) {
      if (record.key === null) continue;
      const handle = record.key.toString("utf8");
      if (record.value === null) latest.delete(handle);
      else latest.set(handle, `${partition}:${record.offset}`);
    }
    return latest;
  }

  /** Everything that is in the log now. A topic that is not there is empty. */
  async *#read(
    name: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ partition: number; record: ClientRecord }> {
    const { control } = this.#options;
    const doing = `Reading the dead letters in "${name}"`;
    signal?.throwIfAborted();
    if ((await control.ask(doing, (connection) => connection.partitionCount(name), name)) === 0) return;
    const bounds = await control.ask(doing, (connection) => connection.bounds([name]), name);
    for (const { partition, low, high } of bounds) {
      for await (const record of control.stream(
        doing,
        (connection) => connection.read(name, partition, low, high),
        name,
      )) {
        signal?.throwIfAborted();
        yield { partition, record };
      }
    }
  }
}

function tombstone(handle: string): ClientMessage {
  return { key: Buffer.from(handle, "utf8"), value: null, headers: {}, timestamp: Date.now() };
}
