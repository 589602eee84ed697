import type { SubscribeRequest } from "@busbar/core/contract";
import type { BusError } from "@busbar/core/driver";
import { pause } from "@busbar/core/driver";
import { classify, isRefusal } from "./classify.ts";
import { ConsumerGroup, releasedConsumer } from "./consumer-group.ts";
import { dial } from "./link.ts";
import type { Link } from "./link.ts";
import type { RedisSettings } from "./options.ts";
import { listOf, textOf } from "./reply.ts";
import { Settlements } from "./settlements.ts";
import type { Settlement } from "./settlements.ts";
import type { Beginning } from "./subscriptions.ts";
import { entriesOf } from "./to-record.ts";
import type { Entry } from "./to-record.ts";
import { topicCount, topicsOf } from "./topics.ts";
import { isWildcard } from "./topic.ts";
import type { Keys } from "./topic.ts";

/** How long one read waits for messages, in milliseconds: so late new topics are seen at worst, and a lost wake-up does so much harm. */
const blockMs = 500;
/** How often it is looked for messages that nobody attends to, in milliseconds. */
const takeOverEveryMs = 1000;
/** In how many streams at once that is done. */
const takeOverStreams = 64;
/** How many messages are taken over with one command. */
const takeOverAtOnce = 128;

/** What a session needs of the subscription that it serves. */
export interface SessionHost {
  readonly request: SubscribeRequest;
  readonly settings: RedisSettings;
  readonly keys: Keys;
  readonly consumer: string;
  /** By topic, over all sessions. */
  readonly groups: Map<string, ConsumerGroup>;
  readonly beginning: Beginning;
  /** How many more messages may come now; 0 or less while none may. */
  room(): number;
  /** @param deliveries `undefined` where that is not known of one that was delivered before. */
  arrived(session: Session, group: ConsumerGroup, entry: Entry, deliveries: number | undefined): void;
  positionLost(reason: string): void;
  settlementFailed(settlement: Settlement, error: unknown): void;
}

/**
 * One life of a subscription: a connection of its own that waits for messages, and the common one, over which it settles. It ends when
 * either is lost, or a group is gone.
 */
export class Session {
  readonly control: Link;
  readonly settlements: Settlements;
  /** Resolves with the reason once it has ended. Never rejects. */
  readonly end: Promise<BusError>;
  readonly #host: SessionHost;
  readonly #reader: Link;
  readonly #ending = new AbortController();
  #readerId = "";
  #topicCount = -1;
  #takeOverAt = 0;
  /** Where something was given back that is to come before anything later. */
  readonly #owing = new Set<ConsumerGroup>();
  #rotation = 0;
  #stopping = false;
  #wake: () => void = () => undefined;
  #done: Promise<void> = Promise.resolve();

  private constructor(host: SessionHost, control: Link, reader: Link) {
    this.#host = host;
    this.control = control;
    this.#reader = reader;
    this.settlements = new Settlements(
      control,
      (settlement, error) => host.settlementFailed(settlement, error),
      (group, count) => this.#tellTrimmed(group, count),
    );
    const unlisten = control.onEnd((error) => reader.destroy(error));
    this.end = reader.end.then((error) => {
      unlisten();
      this.#ending.abort();
      this.#wake();
      return error;
    });
  }

  /** Resolves once what is published from now on would be received; reading begins with `read`. Rejects with what the client throws. */
  static async open(host: SessionHost, control: Link, signal: AbortSignal): Promise<Session> {
    const reader = await dial(host.settings, `consume:${host.consumer}`, signal);
    const session = new Session(host, control, reader);
    try {
      if (control.ended) throw await control.end;
      session.#readerId = textOf(await reader.ask("CLIENT", "ID"));
      await session.#attend(host.beginning.isNew && host.request.startFrom === "new" ? "$" : host.beginning.from);
      await session.#inherit();
      signal.throwIfAborted();
      return session;
    } catch (error) {
      reader.destroy();
      throw error;
    }
  }

  /** Begins to read. Does not throw; its trouble is its end. */
  read(): void {
    this.#done = this.#loop().catch((error: unknown) => {
      const { filter } = this.#host.request;
      this.#reader.destroy(classify(error, { what: `Reading "${filter}" failed`, topic: filter }));
    });
  }

  /** Says that there may be room again. */
  wake(): void {
    this.#wake();
  }

  /** Says that something was given back, which is to be looked for at once. */
  gaveBack(): void {
    this.#takeOverAt = 0;
    this.#unblock();
  }

  /** Reads no more; resolves once nothing comes any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    this.#unblock();
    await this.#done;
  }

  /** Ends it at once. */
  destroy(error?: BusError): void {
    this.#reader.destroy(error);
  }

  #unblock(): void {
    this.control.ask("CLIENT", "UNBLOCK", this.#readerId).catch(() => undefined);
  }

  async #loop(): Promise<void> {
    let attendAt = performance.now() + blockMs;
    while (!this.#stopping && !this.#reader.ended) {
      if (this.#host.room() <= 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      if (performance.now() >= attendAt) {
        if (isWildcard(this.#host.request.filter)) await this.#attend(this.#host.beginning.from);
        attendAt = performance.now() + blockMs;
      }
      if (performance.now() >= this.#takeOverAt || this.#owing.size > 0) await this.#takeOver();
      if (!this.#stopping && this.#host.room() > 0 && this.#owing.size === 0) await this.#readNew();
    }
  }

  /** Gives back what an earlier session had, and what consumers have whose process is gone: both is nobody's now. */
  async #inherit(): Promise<void> {
    const { groups, consumer } = this.#host;
    const { control } = this;
    const holders = await Promise.all(
      [...groups.values()].map(async (group) => ({ group, names: await group.holders(control) })),
    );
    const names = new Set(holders.flatMap((one) => one.names));
    const gone = [...names].some((name) => name !== consumer && isOurs(name)) ? await this.#gone(names) : new Set();
    const free = (name: string): boolean => name === consumer || name === releasedConsumer || gone.has(name);
    for (const { group, names: some } of holders) if (some.some(free)) this.#owing.add(group);
    await Promise.all(
      holders.flatMap(({ group, names: some }) =>
        some.filter((name) => name !== releasedConsumer && free(name)).map((name) => group.releaseAll(control, name)),
      ),
    );
  }

  /** Those of the consumers that have no connection. None where the server does not let it be found out: then their leases end. */
  async #gone(consumers: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const list = await this.control.ask("CLIENT", "LIST").catch(() => undefined);
    if (list === undefined) return new Set();
    const there = new Set([...textOf(list).matchAll(/ name=\S*:consume:(\S+)/g)].map(([, name]) => name));
    return new Set([...consumers].filter((name) => isOurs(name) && !there.has(name)));
  }

  /** Has a group on every stream of the filter. */
  async #attend(from: string): Promise<void> {
    const { request, settings, keys, consumer, groups } = this.#host;
    const count = isWildcard(request.filter) ? await topicCount(this.control, keys) : 1;
    if (count === this.#topicCount) return;
    const topics = await topicsOf(this.control, keys, request.filter);
    const first = this.#topicCount === -1;
    await Promise.all(
      topics.map(async (topic) => {
        const known = groups.get(topic);
        if (known !== undefined && !first) return;
        const group = known ?? new ConsumerGroup(topic, keys.stream(topic), request.name, consumer);
        const made = await group.ensure(this.control, known?.lastRead ?? from, settings.topology !== "check");
        groups.set(topic, group);
        if (made && known !== undefined) {
          this.#host.positionLost(
            `The group "${request.name}" was gone from the stream of "${topic}" and was made anew.`,
          );
        }
      }),
    );
    this.#topicCount = count;
  }

  async #takeOver(): Promise<void> {
    const { groups, settings } = this.#host;
    this.#takeOverAt = performance.now() + takeOverEveryMs;
    const all = [...groups.values()];
    const some = all.slice(this.#rotation, this.#rotation + takeOverStreams);
    this.#rotation = this.#rotation + takeOverStreams < all.length ? this.#rotation + takeOverStreams : 0;
    for (const group of new Set([...this.#owing, ...some])) {
      if (this.#owing.has(group)) group.cursor = "0-0";
      for (;;) {
        const room = this.#host.room();
        if (room <= 0 || this.#stopping) return;
        const taken = await group.takeOver(this.control, settings.leaseMs, Math.min(room, takeOverAtOnce));
        for (const { entry, deliveries } of taken.entries) await this.#arrive(group, entry, deliveries);
        if (taken.trimmed > 0) this.#tellTrimmed(group, taken.trimmed);
        if (taken.cursor === "0-0") break;
      }
      this.#owing.delete(group);
    }
  }

  #tellTrimmed({ topic }: ConsumerGroup, count: number): void {
    this.#host.positionLost(
      `${count} messages of "${topic}" were trimmed before they were handled; raise native.maxLength.`,
    );
  }

  async #readNew(): Promise<void> {
    const { groups, request, consumer } = this.#host;
    const all = [...groups.values()];
    if (all.length === 0) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      return Promise.race([woken, pause(blockMs, this.#ending.signal)]);
    }
    const count = Math.max(1, Math.floor(this.#host.room() / all.length));
    const reply = await this.#reader
      .ask(
        "XREADGROUP",
        "GROUP",
        request.name,
        consumer,
        "COUNT",
        String(count),
        "BLOCK",
        String(blockMs),
        "STREAMS",
        ...all.map(({ stream }) => stream),
        ...all.map(() => ">"),
      )
      .catch((error: unknown) => {
        if (isRefusal(error, "UNBLOCKED")) return null;
        throw error;
      });
    const byStream = new Map(all.map((group) => [group.stream, group]));
    for (const part of listOf(reply)) {
      const [stream, list] = listOf(part);
      const group = byStream.get(textOf(stream));
      const entries = entriesOf(list);
      if (group === undefined) continue;
      group.lastRead = entries.at(-1)?.id ?? group.lastRead;
      await this.#acknowledgeFirst(group, entries);
      for (const entry of entries) this.#host.arrived(this, group, entry, 1);
    }
  }

  async #arrive(group: ConsumerGroup, entry: Entry, deliveries: number | undefined): Promise<void> {
    await this.#acknowledgeFirst(group, [entry]);
    this.#host.arrived(this, group, entry, deliveries);
  }

  /** At most once: what the server does not count as handled yet is not handed out. */
  async #acknowledgeFirst(group: ConsumerGroup, entries: readonly Entry[]): Promise<void> {
    if (this.#host.request.delivery === "at-least-once" || this.#stopping) return;
    await group.acknowledge(
      this.control,
      entries.map(({ id }) => id),
    );
  }
}

/** Tells consumers of this driver, which are connected under their name, from foreign ones, which need not be. */
function isOurs(consumer: string): boolean {
  return /-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(consumer);
}
