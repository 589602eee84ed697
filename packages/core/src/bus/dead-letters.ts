import type { DeadLetterStore, OutboundRecord, Receipt } from "../contract/index.ts";
import { deadLetterFromRecord } from "../delivery/dead-letter.ts";
import type { DeadLetter } from "../delivery/dead-letter.ts";
import { messageId } from "../delivery/message-id.ts";
import { topicProblem } from "../topic/grammar.ts";

/** Chooses among dead letters: those for which the function says yes; all of them without one. */
export type DeadLetterFilter = (letter: DeadLetter) => boolean;

/** How many handles are removed in one go. */
const removalSize = 100;

/** The dead letters of one group on one broker. */
export class DeadLetters {
  readonly #group: string;
  readonly #access: () => { readonly store: DeadLetterStore; readonly headersCarried: boolean };
  readonly #publish: (record: OutboundRecord) => Promise<Receipt>;

  /** @internal Made by `Bus.deadLetters`. */
  constructor(
    group: string,
    access: () => { readonly store: DeadLetterStore; readonly headersCarried: boolean },
    publish: (record: OutboundRecord) => Promise<Receipt>,
  ) {
    this.#group = group;
    this.#access = access;
    this.#publish = publish;
  }

  /** Yields the dead letters, the oldest first where the broker keeps order, and removes none. */
  async *list(filter?: DeadLetterFilter): AsyncIterable<DeadLetter> {
    for await (const { letter } of this.#chosen(filter)) yield letter;
  }

  /**
   * Publishes the dead letters to their topics again, each with its own bytes, headers, key and id, and removes it once that is
   * confirmed. Everybody who subscribes to the topic gets it, not only the group. Resolves to how many; what a foreign hand put there
   * without a topic of the bus to go to stays, and is not counted.
   */
  async replay(filter?: DeadLetterFilter): Promise<number> {
    const { store } = this.#access();
    let count = 0;
    for (const { handle, letter } of await this.#collect(filter)) {
      if (topicProblem(letter.topic) !== undefined) continue;
      await this.#publish({
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
      });
      await store.remove(this.#group, [handle]);
      count++;
    }
    return count;
  }

  /** Removes dead letters for good. Resolves to how many. */
  async drop(filter?: DeadLetterFilter): Promise<number> {
    const { store } = this.#access();
    const handles = (await this.#collect(filter)).map(({ handle }) => handle);
    let count = 0;
    for (let at = 0; at < handles.length; at += removalSize)
      count += await store.remove(this.#group, handles.slice(at, at + removalSize));
    return count;
  }

  /** All at once, because some brokers cannot remove while they list. */
  async #collect(filter: DeadLetterFilter | undefined): Promise<{ handle: string; letter: DeadLetter }[]> {
    const chosen: { handle: string; letter: DeadLetter }[] = [];
    for await (const entry of this.#chosen(filter)) chosen.push(entry);
    return chosen;
  }

  async *#chosen(filter: DeadLetterFilter | undefined): AsyncIterable<{ handle: string; letter: DeadLetter }> {
    const { store, headersCarried } = this.#access();
    for await (const { handle, record } of store.list(this.#group)) {
      const letter = deadLetterFromRecord(record, this.#group, headersCarried);
      if (filter === undefined || filter(letter)) yield { handle, letter };
    }
  }
}
