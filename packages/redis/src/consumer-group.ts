import { isRefusal } from "./classify.ts";
import type { Link, Word } from "./link.ts";
import { listOf, pairsOf, textOf } from "./reply.ts";
import { entriesOf } from "./to-record.ts";
import type { Entry } from "./to-record.ts";

/** Has what was given back until somebody takes it over. */
export const releasedConsumer = "released";

/** What is given back counts as unattended for this long, which is more than any lease, in milliseconds. */
const longIdleMs = 86_400_000;

/** How many entries are named in one command. */
const idsAtOnce = 500;

/** A consumer that owns nothing and was not heard of for this long is forgotten, in milliseconds. */
const forgottenAfterMs = 3_600_000;

/** What was taken over, with how often each was delivered, this time included. */
export interface TakenOver {
  readonly entries: readonly { readonly entry: Entry; readonly deliveries: number | undefined }[];
  /** Where the search goes on; `0-0` when it went through. */
  readonly cursor: string;
  /** How many entries of the group were trimmed before anybody had handled them. */
  readonly trimmed: number;
}

/** One consumer of one consumer group on one stream: its commands, by connection. Every call rejects with what the client throws. */
export class ConsumerGroup {
  readonly topic: string;
  readonly stream: string;
  readonly #group: string;
  readonly #consumer: string;
  /** Where the next search for what may be taken over begins. */
  cursor = "0-0";
  /** The last entry that this consumer read as a new one; `undefined` before the first. */
  lastRead: string | undefined;

  constructor(topic: string, stream: string, group: string, consumer: string) {
    this.topic = topic;
    this.stream = stream;
    this.#group = group;
    this.#consumer = consumer;
  }

  /** Makes the group where there is none; resolves to whether it made it. */
  async ensure(link: Link, from: string, makeStream: boolean): Promise<boolean> {
    try {
      await link.ask("XGROUP", "CREATE", this.stream, this.#group, from, ...(makeStream ? ["MKSTREAM"] : []));
      return true;
    } catch (error) {
      if (isRefusal(error, "BUSYGROUP")) return false;
      throw error;
    }
  }

  async acknowledge(link: Link, ids: readonly string[]): Promise<void> {
    await Promise.all(chunks(ids).map((some) => link.ask("XACK", this.stream, this.#group, ...some)));
  }

  /**
   * Gives entries back, so that whoever searches next has them. Does not count as a delivery. Resolves to how many of them are gone from
   * the stream.
   */
  async release(link: Link, ids: readonly string[]): Promise<number> {
    const idle = ["IDLE", String(longIdleMs), "JUSTID"];
    return ids.length - (await this.#claim(link, releasedConsumer, ids, idle));
  }

  /** Tells that these entries are still being handled. */
  async extend(link: Link, ids: readonly string[]): Promise<void> {
    await this.#claim(link, this.#consumer, ids, ["JUSTID"]);
  }

  /** Gives back everything that the group believes a consumer to have. */
  async releaseAll(link: Link, consumer: string): Promise<void> {
    for (;;) {
      const ids = await this.#owned(link, "-", "+", idsAtOnce, consumer);
      if (ids.size === 0) return;
      await this.release(link, [...ids.keys()]);
    }
  }

  /** The consumers that have something unsettled. */
  async holders(link: Link): Promise<string[]> {
    const consumers = listOf(await link.ask("XINFO", "CONSUMERS", this.stream, this.#group)).map(pairsOf);
    return consumers.filter((one) => Number(one.get("pending")) > 0).map((one) => textOf(one.get("name")));
  }

  /** Takes over at most `count` entries that nobody attended to for `leaseMs`, in the order of the stream. */
  async takeOver(link: Link, leaseMs: number, count: number): Promise<TakenOver> {
    const reply = listOf(
      await link.ask(
        "XAUTOCLAIM",
        this.stream,
        this.#group,
        this.#consumer,
        String(leaseMs),
        this.cursor,
        "COUNT",
        String(count),
      ),
    );
    this.cursor = textOf(reply[0]);
    const entries = entriesOf(reply[1]).filter(({ id }) => id !== "");
    const [first, last] = [entries[0]?.id, entries.at(-1)?.id];
    const counts =
      first === undefined || last === undefined
        ? new Map<string, number>()
        : await this.#owned(link, first, last, entries.length + idsAtOnce);
    return {
      entries: entries.map((entry) => ({ entry, deliveries: counts.get(entry.id) })),
      cursor: this.cursor,
      trimmed: listOf(reply[2]).length,
    };
  }

  /** Forgets this consumer, unless something is left with it, and others that are gone. */
  async forgetConsumer(link: Link): Promise<void> {
    const consumers = listOf(await link.ask("XINFO", "CONSUMERS", this.stream, this.#group)).map(pairsOf);
    for (const consumer of consumers) {
      const name = textOf(consumer.get("name"));
      const gone = name === this.#consumer || Number(consumer.get("idle")) > forgottenAfterMs;
      // What is left with a consumer would be lost with it.
      if (!gone || name === releasedConsumer || Number(consumer.get("pending")) > 0) continue;
      await link.ask("XGROUP", "DELCONSUMER", this.stream, this.#group, name);
    }
  }

  async #claim(link: Link, consumer: string, ids: readonly string[], options: readonly Word[]): Promise<number> {
    const replies = await Promise.all(
      chunks(ids).map((some) => link.ask("XCLAIM", this.stream, this.#group, consumer, "0", ...some, ...options)),
    );
    return replies.reduce<number>((sum, claimed) => sum + listOf(claimed).length, 0);
  }

  /** Which entries a consumer has, and how often each was delivered. */
  async #owned(
    link: Link,
    first: string,
    last: string,
    count: number,
    consumer: string = this.#consumer,
  ): Promise<Map<string, number>> {
    const reply = await link.ask("XPENDING", this.stream, this.#group, first, last, String(count), consumer);
    return new Map(listOf(reply).map((row) => [textOf(listOf(row)[0]), Number(listOf(row)[3])]));
  }
}

function chunks(ids: readonly string[]): string[][] {
  const found: string[][] = [];
  for (let at = 0; at < ids.length; at += idsAtOnce) found.push(ids.slice(at, at + idsAtOnce));
  return found;
}
