import type { AbortOptions, DeadLetterStore, OutboundRecord, StoredDeadLetter } from "@busbar/core/contract";
import { promised, reservedToken, tokenEscaping } from "@busbar/core/driver";
import type { StoredMsg } from "@nats-io/jetstream";
import { apiCodeOf, apiCodes, classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import type { StreamPublisher } from "./stream-publisher.ts";
import { deadLetterStream } from "./streams.ts";
import type { Streams } from "./streams.ts";
import { messageToRecord } from "./to-record.ts";

const groupEscaping = tokenEscaping(() => true);

/** How many removals wait for the server at once. */
const removalWindow = 64;

/** The topic under which the dead letters of a group lie, one slot below it each. */
export function deadLetterTopic(group: string): string {
  return `${reservedToken}.dlq.${groupEscaping.toToken(group)}`;
}

/**
 * The dead letters of all groups in one stream, which keeps one message for each subject: `_busbar.dlq.<group>.<slot>`. So a
 * second `put` of a slot replaces the first, and a handle is a sequence in the stream.
 */
export class StreamDeadLetters implements DeadLetterStore {
  readonly #connection: Connection;
  readonly #streams: Streams;
  readonly #publisher: StreamPublisher;

  constructor(connection: Connection, streams: Streams, publisher: StreamPublisher) {
    this.#connection = connection;
    this.#streams = streams;
    this.#publisher = publisher;
  }

  async put(group: string, slot: string, record: OutboundRecord, options: AbortOptions = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    const address = deadLetterTopic(group);
    if (!this.#connection.connected) throw this.#connection.absent(`Putting a dead letter of "${group}"`);
    const dead: OutboundRecord = { ...record, address, delivery: "at-least-once" };
    await promised((outcome) => this.#publisher.post(dead, `${address}.${slot}`, outcome, signal));
  }

  async *list(group: string, options: AbortOptions = {}): AsyncGenerator<StoredDeadLetter, void, undefined> {
    const { signal } = options;
    signal?.throwIfAborted();
    const address = deadLetterTopic(group);
    // Where it ends is fixed now: what is put while somebody replays would make a list without end.
    const end = (await this.#streams.find(deadLetterStream))?.lastSequence ?? 0;
    for (let sequence = 1; sequence <= end;) {
      const stored = await this.#next(address, sequence);
      signal?.throwIfAborted();
      if (stored === null || stored.seq > end) return;
      const {
        topic = address,
        native: _,
        ...record
      } = messageToRecord(
        { subject: stored.subject, data: stored.data, headers: stored.header },
        stored.time.getTime(),
      );
      yield { handle: String(stored.seq), record: { ...record, address, topic } };
      sequence = stored.seq + 1;
    }
  }

  async remove(group: string, handles: readonly string[], options: AbortOptions = {}): Promise<number> {
    let removed = 0;
    for (let at = 0; at < handles.length; at += removalWindow) {
      options.signal?.throwIfAborted();
      const results = await Promise.all(
        handles.slice(at, at + removalWindow).map((handle) => this.#remove(group, handle)),
      );
      removed += results.filter(Boolean).length;
    }
    return removed;
  }

  /** The first message of the group from a sequence on, or `null` where there is none. */
  async #next(address: string, sequence: number): Promise<StoredMsg | null> {
    const action = `Listing the dead letters under ${address}`;
    // The server knows `next_by_subj` since 2.9; the client types it for direct gets only.
    const query = { seq: sequence, next_by_subj: `${address}.*` };
    try {
      return await this.#connection.ask(action, (api) => api.streams.getMessage(deadLetterStream, query));
    } catch (error) {
      if (apiCodeOf(error) === apiCodes.streamNotFound) return null;
      throw classify(error, { action, topic: address });
    }
  }

  async #remove(group: string, handle: string): Promise<boolean> {
    const sequence = Number(handle);
    if (!Number.isSafeInteger(sequence) || sequence < 1) return false;
    const action = `Removing the dead letter ${handle} of "${group}"`;
    try {
      return await this.#connection.ask(action, (api) => api.streams.deleteMessage(deadLetterStream, sequence, false));
    } catch (error) {
      const code = apiCodeOf(error);
      if (code === apiCodes.sequenceNotFound || code === apiCodes.streamNotFound || code === 10057) return false;
      throw classify(error, { action });
    }
  }
}
