import type { AbortOptions, DeadLetterStore, OutboundRecord, StoredDeadLetter } from "@busbar/core/contract";
import { abortable, BusError, CapacityError, ConnectionError } from "@busbar/core/driver";
import { onOwnChannel } from "./channel-life.ts";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { DeadLetterBrowse, deadLetterQueue, failure } from "./dead-letter-browse.ts";
import type { AmqpSettings } from "./options.ts";
import type { Publisher } from "./publisher.ts";

/** What the store works with. */
export interface DeadLetterParts {
  readonly settings: AmqpSettings;
  /** The connection that publishes. Throws before `open`. */
  readonly connection: () => Connection;
  readonly publisher: () => Publisher;
}

/**
 * Dead letters in a classic durable queue for each group. Not a quorum queue: that one counts every look as a delivery, and a limit set by a
 * policy of the operator would destroy the message at some look.
 */
export class AmqpDeadLetters implements DeadLetterStore {
  readonly #parts: DeadLetterParts;
  readonly #queues = new Map<string, Promise<void>>();
  readonly #looking = new Map<string, DeadLetterBrowse | undefined>();

  constructor(parts: DeadLetterParts) {
    this.#parts = parts;
  }

  async put(group: string, slot: string, record: OutboundRecord, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await abortable(this.#put(group, slot, record), signal);
  }

  async *list(group: string, { signal }: AbortOptions = {}): AsyncGenerator<StoredDeadLetter, void, undefined> {
    signal?.throwIfAborted();
    const browse = await this.#look(group, signal);
    try {
      for (;;) {
        const letter = await abortable(browse?.next() ?? Promise.resolve(undefined), signal);
        if (letter === undefined) return;
        yield letter;
      }
    } catch (error) {
      throw signal?.aborted === true ? error : failure(error, group);
    } finally {
      this.#looking.delete(group);
      await browse?.close();
    }
  }

  async remove(group: string, handles: readonly string[], { signal }: AbortOptions = {}): Promise<number> {
    signal?.throwIfAborted();
    if (handles.length === 0) return 0;
    // While this process lists, the messages are in its hands already, and the lock is too.
    const listing = this.#looking.get(group);
    const browse = listing ?? (await this.#look(group, signal));
    try {
      return browse === undefined ? 0 : await abortable(browse.remove(handles, listing === undefined), signal);
    } catch (error) {
      throw signal?.aborted === true ? error : failure(error, group);
    } finally {
      if (listing === undefined) {
        this.#looking.delete(group);
        await browse?.close();
      }
    }
  }

  /** Ends every look that is still going on. */
  async close(): Promise<void> {
    await Promise.all([...this.#looking.values()].map(async (browse) => browse?.close()));
  }

  async #look(group: string, signal: AbortSignal | undefined): Promise<DeadLetterBrowse | undefined> {
    if (this.#looking.has(group)) {
      throw new CapacityError(
        `The dead letters of group "${group}" are being looked at by this process already; try again in a moment.`,
        {
          broker: "amqp",
        },
      );
    }
    this.#looking.set(group, undefined);
    try {
      const browse = await DeadLetterBrowse.open(this.#parts.settings, group, signal);
      this.#looking.set(group, browse);
      return browse;
    } catch (error) {
      this.#looking.delete(group);
      throw error;
    }
  }

  async #put(group: string, slot: string, record: OutboundRecord): Promise<void> {
    let queue = this.#queues.get(group);
    if (queue === undefined) {
      queue = this.#ensureQueue(group);
      this.#queues.set(group, queue);
      queue.catch(() => this.#queues.delete(group));
    }
    await queue;
    const receipt = await this.#parts.publisher().publishToQueue(deadLetterQueue(group), record, slot);
    if (receipt.routed === true) return;
    this.#queues.delete(group);
    throw new BusError(
      "BUSBAR_NOT_FOUND",
      `The dead letter of group "${group}" was not kept: its queue "${deadLetterQueue(group)}" is not there. Trying again makes it anew, unless topology is "check" or "assume".`,
      true,
      { broker: "amqp", topic: record.topic },
    );
  }

  async #ensureQueue(group: string): Promise<void> {
    const { settings, connection } = this.#parts;
    const queue = deadLetterQueue(group);
    const what = `Keeping a dead letter of group "${group}" failed`;
    const { link } = connection();
    if (link === undefined)
      throw new ConnectionError(`${what}: there is no connection to RabbitMQ at the moment.`, { broker: "amqp" });
    if (settings.topology === "assume") return;
    await onOwnChannel(link, (channel) =>
      settings.topology === "check"
        ? channel.checkQueue(queue)
        : channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "classic" } }),
    ).catch((error: unknown) => {
      throw classify(error, { what });
    });
  }
}
