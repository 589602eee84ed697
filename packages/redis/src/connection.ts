import type { EffectiveCapabilities } from "@busbar/core/contract";
import type { BusError, StatusHub } from "@busbar/core/driver";
import {
  backoffDelayMs,
  ClosedError,
  ConnectionError,
  pause,
  reconnectPolicy,
  RefusedError,
} from "@busbar/core/driver";
import { effectiveCapabilities } from "./capabilities.ts";
import { classify, isRefusal } from "./classify.ts";
import { dial } from "./link.ts";
import type { Link } from "./link.ts";
import type { RedisSettings } from "./options.ts";
import { pairsOf, textOf } from "./reply.ts";
import type { Reply } from "./reply.ts";

/** How many refusals in a row are believed. A server that has just started may not know its users yet. */
export const believedRefusals = 5;

/** A connection that lived this long was a good one, and the waits of the next reconnect begin anew. In milliseconds. */
const provenAfterMs = 1000;

/**
 * The connection for everything but waiting reads: it comes back by itself, with backoff and jitter, for ever, after `open` succeeded
 * once and until `close`, and tells `connected`, `disconnected` and `fatal`.
 */
export class Connection {
  readonly #settings: RedisSettings;
  readonly #statuses: StatusHub;
  readonly #closing = new AbortController();
  #link: Link | undefined;
  #waiting: ((link: Link) => void)[] = [];
  #attempts = 0;
  #fatal: BusError | undefined;

  constructor(settings: RedisSettings, statuses: StatusHub) {
    this.#settings = settings;
    this.#statuses = statuses;
  }

  /** The open connection, or `undefined` while there is none. */
  get link(): Link | undefined {
    return this.#link;
  }

  /** The open connection; throws, retryable, while there is none, and not retryable once it has given up. */
  required(what: string, topic?: string): Link {
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#link !== undefined) return this.#link;
    throw new ConnectionError(`${what}: there is no connection to Redis at the moment.`, { broker: "redis", topic });
  }

  /** Connects, in one attempt, and finds out what the server does. Rejects typed. */
  async open(signal?: AbortSignal): Promise<EffectiveCapabilities> {
    const ending = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    return this.#connect(ending);
  }

  /** Resolves with the open connection, or the next one; stays open for ever after `close`. */
  next(): Promise<Link> {
    return this.#link === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(this.#link);
  }

  /** Ends it for good: what is unanswered is rejected. */
  close(): void {
    this.#closing.abort(new ClosedError("This broker was closed.", { broker: "redis" }));
    this.#waiting = [];
    this.#link?.destroy();
  }

  async #connect(signal: AbortSignal): Promise<EffectiveCapabilities> {
    const link = await dial(this.#settings, "publish", signal);
    try {
      const effective = await this.#askWhatItDoes(link);
      signal.throwIfAborted();
      const upSince = Date.now();
      this.#link = link;
      void link.end.then((error) => this.#onLost(error, upSince));
      for (const resolve of this.#waiting.splice(0)) resolve(link);
      return effective;
    } catch (error) {
      link.destroy();
      throw classify(error, { what: "Asking Redis what it does failed" });
    }
  }

  async #askWhatItDoes(link: Link): Promise<EffectiveCapabilities> {
    const settings = "appendonly appendfsync maxmemory maxmemory-policy proto-max-bulk-len".split(" ");
    // Managed servers do not have each command, and others do not let everybody use it.
    const orNothing = (error: unknown): undefined => {
      if (link.ended || isRefusal(error, "LOADING")) throw error;
      return undefined;
    };
    const [server, replication, config] = await Promise.all([
      link.ask("INFO", "server"),
      link.ask("INFO", "replication"),
      link.ask("CONFIG", "GET", ...settings).catch(orNothing),
      // A server that has just started answers the others while it reads its files, and would refuse one message and take the next.
      link.ask("PING").catch(orNothing),
    ]);
    const info = new Map([...linesOf(server), ...linesOf(replication)]);
    assertTakesMessages(info);
    const read = [...pairsOf(config)].map(([name, value]) => [name, textOf(value)] as const);
    return effectiveCapabilities({ info, config: config === undefined ? undefined : new Map(read) }, this.#settings);
  }

  #onLost(error: BusError, upSince: number): void {
    this.#link = undefined;
    if (this.#closing.signal.aborted) return;
    this.#statuses.emit({ type: "disconnected", error });
    if (Date.now() - upSince > provenAfterMs) this.#attempts = 0;
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#closing;
    for (let refusals = 0; ;) {
      await pause(backoffDelayMs(++this.#attempts, reconnectPolicy), signal);
      if (signal.aborted) return;
      try {
        const effective = await this.#connect(signal);
        return this.#statuses.emit({ type: "connected", effective });
      } catch (error) {
        if (signal.aborted) return;
        refusals = (error as BusError).retryable ? 0 : refusals + 1;
        if (refusals < believedRefusals) continue;
        this.#fatal = error as BusError;
        return this.#statuses.emit({ type: "fatal", error: this.#fatal });
      }
    }
  }
}

function assertTakesMessages(info: ReadonlyMap<string, string>): void {
  const broker = "redis";
  if (info.get("redis_mode") === "cluster") {
    throw new RefusedError("This Redis is a cluster, which this adapter does not speak to; name a single server.", {
      broker,
    });
  }
  // It refuses what is written, and once it is the primary takes what comes then before what it had refused.
  if (info.get("role") === "slave" && info.get("slave_read_only") === "1") {
    const primary = `${info.get("master_host")}:${info.get("master_port")}`;
    throw new ConnectionError(
      `This Redis is a replica of ${primary}, which takes no messages; name the primary, or an address that leads to it.`,
      { broker },
    );
  }
}

/** What `INFO` says, by name. */
function linesOf(reply: Reply): (readonly [string, string])[] {
  return textOf(reply)
    .split("\r\n")
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]);
}
