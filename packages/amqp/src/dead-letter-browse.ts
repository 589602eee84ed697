import { createHash } from "node:crypto";
import type { StoredDeadLetter } from "@busbar/core/contract";
import { CapacityError } from "@busbar/core/driver";
import type { BusError } from "@busbar/core/driver";
import type { Channel, Message } from "amqplib";
import { closeChannel, endOf } from "./channel-life.ts";
import { classify } from "./classify.ts";
import { dial } from "./dial.ts";
import type { Link } from "./dial.ts";
import { slotHeader } from "./headers.ts";
import type { AmqpSettings } from "./options.ts";
import { recordOf } from "./to-record.ts";

/** The queue that keeps the dead letters of a group; the first token is reserved, so no filter of a user binds it. */
export function deadLetterQueue(group: string): string {
  return `_busbar.dlq.${group}`;
}

/** An exclusive queue that is there while somebody looks at the dead letters of a group. */
function lockQueue(group: string): string {
  return `_busbar.dlq-lock.${group}`;
}

/**
 * One look at the dead letters of a group. RabbitMQ has no reading without taking: each message is fetched (`basic.get`) and held
 * unacknowledged, so that the next fetch gives the next one, and at the end the channel is closed, which puts them all back
 * in their places. Two looks at once would each see a part, so an exclusive queue is the lock, on a connection
 * of its own whose end frees it, also when the process dies.
 */
export class DeadLetterBrowse {
  readonly #link: Link;
  readonly #channel: Channel;
  readonly #queue: string;
  /** The tags under which the broker thinks we work on each. One slot put twice has two. */
  readonly #held = new Map<string, number[]>();
  readonly #removed = new Set<string>();
  #skipped: StoredDeadLetter[] = [];
  #left: number;

  /** Takes the lock, or rejects with a retryable `CapacityError` when somebody has it. Resolves to `undefined` when there is no such queue. */
  static async open(
    settings: AmqpSettings,
    group: string,
    signal?: AbortSignal,
  ): Promise<DeadLetterBrowse | undefined> {
    const link = await dial(settings, "browse", { lost: () => undefined, flow: () => undefined }, 0, signal);
    try {
      await lock(link, group);
      const channel = await link.model.createChannel();
      void endOf(channel);
      const { messageCount } = await channel.checkQueue(deadLetterQueue(group));
      return new DeadLetterBrowse(link, channel, deadLetterQueue(group), messageCount);
    } catch (error) {
      await link.close(2000);
      const found = failure(error, group);
      if (found.code === "BUSBAR_NOT_FOUND") return undefined;
      throw found;
    }
  }

  private constructor(link: Link, channel: Channel, queue: string, left: number) {
    this.#link = link;
    this.#channel = channel;
    this.#queue = queue;
    this.#left = left;
  }

  /** The next one, or `undefined` after those that were there when it was opened. A slot that was put twice comes once. */
  async next(): Promise<StoredDeadLetter | undefined> {
    const skipped = this.#skipped.pop();
    if (skipped !== undefined) return skipped;
    for (;;) {
      const letter = await this.#take();
      if (letter === undefined || this.#hold(letter)) return letter && stored(letter);
    }
  }

  /** Acknowledges the named ones, so that they do not go back; resolves to how many there were, once the broker has taken it. */
  async remove(handles: readonly string[], every: boolean): Promise<number> {
    const wanted = new Set(handles);
    const found = new Set<string>();
    for (const handle of wanted) {
      const tags = this.#held.get(handle);
      if (tags === undefined) continue;
      found.add(handle);
      this.#held.delete(handle);
      for (const tag of tags) this.#acknowledge(handle, tag);
    }
    const skipped: StoredDeadLetter[] = [];
    while (every || found.size < wanted.size) {
      const letter = await this.#take();
      if (letter === undefined) break;
      if (wanted.has(letter.handle)) {
        found.add(letter.handle);
        this.#acknowledge(letter.handle, letter.message.fields.deliveryTag);
      } else if (this.#hold(letter) && !every) skipped.push(stored(letter));
    }
    // Taken from the end, so the oldest goes last.
    this.#skipped = [...skipped.reverse(), ...this.#skipped];
    await this.#channel.prefetch(0);
    return found.size;
  }

  /** Puts everything back that was not removed, then lets go of the lock. Never rejects. */
  async close(): Promise<void> {
    await closeChannel(this.#channel);
    await this.#link.close(2000);
  }

  async #take(): Promise<Letter | undefined> {
    if (this.#left <= 0) return undefined;
    this.#left--;
    const message = await this.#channel.get(this.#queue);
    if (message !== false) return { handle: handleOf(message), message };
    this.#left = 0;
    return undefined;
  }

  /** Keeps a fetched one for `close` to put back. False when it is not to be shown: a copy of one that was shown, or removed. */
  #hold({ handle, message }: Letter): boolean {
    const { deliveryTag } = message.fields;
    if (this.#removed.has(handle)) {
      this.#acknowledge(handle, deliveryTag);
      return false;
    }
    const tags = this.#held.get(handle);
    if (tags === undefined) this.#held.set(handle, [deliveryTag]);
    else tags.push(deliveryTag);
    return tags === undefined;
  }

  #acknowledge(handle: string, tag: number): void {
    this.#removed.add(handle);
    this.#channel.ack({ fields: { deliveryTag: tag } } as Message);
  }
}

interface Letter {
  readonly handle: string;
  readonly message: Message;
}

function stored({ handle, message }: Letter): StoredDeadLetter {
  return { handle, record: recordOf(message) };
}

/** The slot it was put under; for a message that somebody else moved here, its id, or what it is made of. */
function handleOf({ properties, content }: Message): string {
  const slot: unknown = properties.headers?.[slotHeader];
  if (typeof slot === "string") return slot;
  if (typeof properties.messageId === "string") return `id:${properties.messageId}`;
  return `body:${createHash("sha256").update(content).digest("base64url")}`;
}

async function lock(link: Link, group: string): Promise<void> {
  const channel = await link.model.createChannel();
  void endOf(channel);
  await channel.assertQueue(lockQueue(group), { exclusive: true, durable: false });
}

/** The error of the bus for a look that failed. */
export function failure(error: unknown, group: string): BusError {
  const what = `Looking at the dead letters of group "${group}" failed`;
  if ((error as { readonly code?: unknown }).code !== 405) return classify(error, { what });
  return new CapacityError(
    `${what}: somebody else is looking at them, and two at once would each see a part; try again in a moment.`,
    {
      broker: "amqp",
      cause: error,
    },
  );
}
