import type { AbortOptions, DeadLetterStore, OutboundRecord, StoredDeadLetter } from "@busbar/core/contract";
import { InvalidArgumentError, UnsupportedError } from "@busbar/core/driver";
import { Buffer } from "./buffer.ts";
import { fromRecord } from "./from-record.ts";
import type { PublishOrder } from "./publisher.ts";
import { readRetained } from "./retained.ts";
import type { RetainedQuery } from "./retained.ts";
import type { MqttSettings } from "./options.ts";
import { toRecord } from "./to-record.ts";
import { deadLetterTopic } from "./topic.ts";

/** What the dead letters need of their broker. */
export interface DeadLetterSurroundings {
  readonly settings: MqttSettings;
  readonly publish: (order: PublishOrder) => Promise<unknown>;
  /** Whether this server finds retained messages by a wildcard. */
  readonly supported: () => boolean;
  /** Whether it sends what it keeps before what it is sent afterwards. */
  readonly inOrder: () => boolean;
}

/** Without a message for so long, a listing is over, in milliseconds. */
const quietMs = 500;

/**
 * Dead letters as retained messages, one on a topic of its own each, because MQTT keeps nothing else for nobody. A handle is
 * the slot.
 */
export class RetainedDeadLetters implements DeadLetterStore {
  readonly #around: DeadLetterSurroundings;

  constructor(around: DeadLetterSurroundings) {
    this.#around = around;
  }

  async put(group: string, slot: string, record: OutboundRecord, { signal }: AbortOptions = {}): Promise<void> {
    this.#assertSupported(group);
    assertSlot(slot);
    const { protocolVersion, envelope } = this.#around.settings;
    const kept: OutboundRecord = { ...record, delivery: "at-least-once", retain: true };
    const publication = {
      ...fromRecord(kept, protocolVersion, { envelope }),
      topic: deadLetterTopic(group, slot),
    };
    await this.#around.publish({ publication, id: record.id, topic: record.topic, signal });
  }

  async *list(group: string, { signal }: AbortOptions = {}): AsyncGenerator<StoredDeadLetter, void, void> {
    this.#assertSupported(group);
    for await (const packet of readRetained(
      this.#around.settings,
      this.#query([deadLetterTopic(group, "+")], signal),
    )) {
      yield {
        handle: packet.topic.slice(packet.topic.lastIndexOf("/") + 1),
        record: toRecord(packet, this.#around.settings.envelope),
      };
    }
  }

  async remove(group: string, handles: readonly string[], { signal }: AbortOptions = {}): Promise<number> {
    this.#assertSupported(group);
    for (const handle of handles) assertSlot(handle);
    const wanted = new Set(handles.map((handle) => deadLetterTopic(group, handle)));
    if (wanted.size === 0) return 0;
    const found: string[] = [];
    for await (const { topic } of readRetained(this.#around.settings, this.#query([...wanted], signal))) {
      found.push(topic);
      if (found.length === wanted.size) break;
    }
    const payload = Buffer.alloc(0);
    const removals = found.map((topic) =>
      this.#around.publish({
        publication: { topic, payload, options: { qos: 1, retain: true } },
        id: "",
        topic,
        signal,
      }),
    );
    await Promise.all(removals);
    return found.length;
  }

  #query(filters: readonly string[], signal: AbortSignal | undefined): RetainedQuery {
    return { filters, inOrder: this.#around.inOrder(), quietMs, signal };
  }

  #assertSupported(group: string): void {
    if (this.#around.supported()) return;
    const detail =
      "this server does not find retained messages by a wildcard filter, or speaks MQTT 3.1.1 without native.envelope; name another broker with deadLetter: { broker }.";
    throw new UnsupportedError([{ capability: "deadLetters", subject: `dead letters of "${group}"`, detail }], {
      broker: "mqtt",
    });
  }
}

function assertSlot(slot: string): void {
  if (/^[A-Za-z0-9_-]+$/.test(slot)) return;
  throw new InvalidArgumentError(
    `${JSON.stringify(slot)} names no dead letter: a slot is made of letters, digits, "_" and "-".`,
  );
}
