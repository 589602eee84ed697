import type { DeadLetterStore, OutboundRecord, Receipt } from "../contract/index.ts";
import { deadLetterFromRecord } from "../delivery/dead-letter.ts";
import type { DeadLetter } from "../delivery/dead-letter.ts";
import { messageId } from "../delivery/message-id.ts";
import { topicProblem } from "../topic/grammar.ts";

/** Chooses among dead letters: those for which the function says yes; all of them without one. */
export type DeadLetterFilter = (letter: DeadLetter) => boolean;

/** How many handles are removed in one go. */
const removalSize = 100;

/** Where one broker keeps dead letters. */
export interface DeadLetterShelf {
  /** The name of the broker in the configuration. */
  readonly broker: string;
  readonly store: DeadLetterStore;
  readonly headersCarried: boolean;
}

/** Publishes a record to its topic again, as a letter from a shelf asks for. */
type Replay = (record: OutboundRecord, letter: DeadLetter, shelf: DeadLetterShelf) => Promise<Receipt>;

/** A dead letter, and where it lies. */
interface Found {
  readonly shelf: DeadLetterShelf;
  readonly handle: string;
  readonly letter: DeadLetter;
}

/** The dead letters of one group, on every broker of the bus that keeps any or on the one that was named. */
export class DeadLetters {
  readonly #group: string;
  readonly #shelves: () => readonly DeadLetterShelf[];
  readonly #publish: Replay;

  /** @internal Made by `Bus.deadLetters`. */
  constructor(group: string, shelves: () => readonly DeadLetterShelf[], publish: Replay) {
    this.#group = group;
    this.#shelves = shelves;
    this.#publish = publish;
  }

  /**
   * Yields the dead letters, one broker after the other and the oldest first where the broker keeps order, and removes none. Rejects when a
   * broker cannot be asked.
   */
  async *list(filter?: DeadLetterFilter): AsyncIterable<DeadLetter> {
    for await (const { letter } of this.#chosen(filter)) yield letter;
  }

  /**
   * Publishes the dead letters to their topics again, each with its own bytes, headers, key and id, to the broker that it came from, and removes it
   * once that is confirmed. Everybody who subscribes to the topic there gets it, not only the group. Resolves to how many; what a foreign hand
   * put there without a topic of the bus to go to stays, and is not counted.
   */
  async replay(filter?: DeadLetterFilter): Promise<number> {
    let count = 0;
    for (const { shelf, handle, letter } of await this.#collect(filter)) {
      if (topicProblem(letter.topic) !== undefined) continue;
      const record: OutboundRecord = {
        address: letter.topic,
        topic: letter.topic,
        body: letter.body,
        headers: letter.headers,
        ...(letter.key === undefined ? {} : { key: letter.key }),
        id: letter.id,
        timestamp: letter.timestamp,
        contentType: letter.contentType ?? "application/octet-stream",
        delivery: "at-least-once",
        sending: 1,
        publishToken: messageId(),
        passedOn: true,
      };
      await this.#publish(record, letter, shelf);
      await shelf.store.remove(this.#group, [handle]);
      count++;
    }
    return count;
  }

  /** Removes dead letters for good. Resolves to how many. */
  async drop(filter?: DeadLetterFilter): Promise<number> {
    const handles = new Map<DeadLetterShelf, string[]>();
    for (const { shelf, handle } of await this.#collect(filter)) {
      const ofShelf = handles.get(shelf);
      if (ofShelf === undefined) handles.set(shelf, [handle]);
      else ofShelf.push(handle);
    }
    let count = 0;
    for (const [{ store }, ofShelf] of handles)
      for (let at = 0; at < ofShelf.length; at += removalSize)
        count += await store.remove(this.#group, ofShelf.slice(at, at + removalSize));
    return count;
  }

  /** All at once, because some brokers cannot remove while they list. */
  async #collect(filter: DeadLetterFilter | undefined): Promise<Found[]> {
    const chosen: Found[] = [];
    for await (const found of this.#chosen(filter)) chosen.push(found);
    return chosen;
  }

  async *#chosen(filter: DeadLetterFilter | undefined): AsyncIterable<Found> {
    for (const shelf of this.#shelves())
      for await (const { handle, record } of shelf.store.list(this.#group)) {
        const letter = deadLetterFromRecord(record, this.#group, shelf.headersCarried);
        if (filter === undefined || filter(letter)) yield { shelf, handle, letter };
      }
  }
}
