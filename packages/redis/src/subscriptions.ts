import type { SubscribeRequest } from "@busbar/core/contract";
import type { Link } from "./link.ts";
import { listOf, pairsOf, textOf } from "./reply.ts";
import { fitting, topicsOf } from "./topics.ts";
import { isWildcard } from "./topic.ts";
import type { Keys } from "./topic.ts";

/** How many subscriptions that have expired are cleared away at once. */
const clearedAtOnce = 16;

/** How much later than its grace time a transient subscription is cleared away, so that it need not be kept often, in milliseconds. */
const slackMs = 30_000;

/** Where a subscription begins. */
export interface Beginning {
  /** The entry after which it begins on a stream that it does not know yet. */
  readonly from: string;
  /** True where nobody had this subscription before, so that what is in the streams now is none of its business. */
  readonly isNew: boolean;
}

/** What the bus keeps of its subscriptions beside the consumer groups: since when there is one, and when a transient one is to go. */
export class Subscriptions {
  readonly #keys: Keys;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** Notes a subscription where it is not known yet, and tells where it begins. */
  async begin(link: Link, { name, filter, startFrom, durable, group }: SubscribeRequest): Promise<Beginning> {
    const from = startFrom === "earliest" ? "0-0" : `${(await timeOf(link)) - 1}-18446744073709551615`;
    // Nobody else has it, so that it need not be known.
    if (!durable && group === undefined) return { from, isNew: true };
    const made = await link.ask("HSETNX", this.#keys.subscriptions, name, JSON.stringify({ filter, from }));
    if (Number(made) === 1) return { from, isNew: true };
    const known = JSON.parse(textOf(await link.ask("HGET", this.#keys.subscriptions, name)) || "{}") as {
      from?: string;
    };
    return { from: known.from ?? from, isNew: false };
  }

  /** Says that a transient subscription is there, and when it may be cleared away should nobody say so again. */
  async keep(link: Link, { name, filter, graceMs }: SubscribeRequest): Promise<void> {
    const until = (await timeOf(link)) + graceMs + slackMs;
    await link.ask("ZADD", this.#keys.expiring, String(until), JSON.stringify({ name, filter }));
  }

  /** Deletes a subscription on every stream that its filter fits. Resolves to how many there were. */
  async delete(link: Link, name: string, filter: string): Promise<number> {
    const topics = await topicsOf(link, this.#keys, filter);
    const results = await Promise.all(
      topics.map((topic) =>
        link.ask("XGROUP", "DESTROY", this.#keys.stream(topic), name).catch((error: unknown) => {
          if (/requires the key to exist/.test((error as Error).message)) return 0;
          throw error;
        }),
      ),
    );
    await link.ask("HDEL", this.#keys.subscriptions, name);
    await link.ask("ZREM", this.#keys.expiring, JSON.stringify({ name, filter }));
    return results.filter((result) => Number(result) === 1).length;
  }

  /**
   * Tells whether anybody reads what is published to a topic. A stream that has a consumer group is read; one that has none yet may be
   * found by a wildcard. A process that was killed counts as there until its subscription expires.
   */
  async isRead(link: Link, topic: string): Promise<boolean> {
    const groups = await link.ask("XINFO", "GROUPS", this.#keys.stream(topic));
    if (listOf(groups).length > 0) return true;
    const [known, transient] = await Promise.all([
      link.ask("HVALS", this.#keys.subscriptions),
      timeOf(link).then((now) => link.ask("ZRANGEBYSCORE", this.#keys.expiring, String(now), "+inf")),
    ]);
    return [...listOf(known), ...listOf(transient)].some((noted) => {
      const { filter } = JSON.parse(textOf(noted)) as { readonly filter: string };
      return isWildcard(filter) && fitting(filter)(topic);
    });
  }

  /** Deletes transient subscriptions whose processes are gone. */
  async clearExpired(link: Link): Promise<void> {
    const now = String(await timeOf(link));
    const expired = await link.ask(
      "ZRANGEBYSCORE",
      this.#keys.expiring,
      "-inf",
      now,
      "LIMIT",
      "0",
      String(clearedAtOnce),
    );
    for (const member of listOf(expired)) {
      const { name, filter } = JSON.parse(textOf(member)) as { readonly name: string; readonly filter: string };
      await this.delete(link, name, filter);
    }
  }

  /** How many messages wait for a subscription, unacknowledged ones included; `undefined` where Redis cannot tell. */
  async lag(link: Link, name: string): Promise<number | undefined> {
    const known = textOf(await link.ask("HGET", this.#keys.subscriptions, name));
    if (known === "") return undefined;
    const { filter } = JSON.parse(known) as { readonly filter: string };
    let waiting = 0;
    for (const topic of await topicsOf(link, this.#keys, filter)) {
      const groups = await link.ask("XINFO", "GROUPS", this.#keys.stream(topic));
      const group = listOf(groups)
        .map(pairsOf)
        .find((one) => textOf(one.get("name")) === name);
      if (group === undefined) continue;
      const lag = group.get("lag");
      if (lag === undefined || lag === null) return undefined;
      waiting += Number(lag) + Number(group.get("pending"));
    }
    return waiting;
  }
}

/** The server's own time, in milliseconds since the epoch; the ids of its streams come from the same clock. */
async function timeOf(link: Link): Promise<number> {
  const [seconds, microseconds] = listOf(await link.ask("TIME"));
  return Number(textOf(seconds)) * 1000 + Math.floor(Number(textOf(microseconds)) / 1000);
}
