import { RedisClient as Client, RESP_TYPES } from "@redis/client";
import type { RedisClientType, RedisFunctions, RedisModules, RedisScripts } from "@redis/client";
import type { BusError } from "@busbar/core/driver";
import { ConnectionError } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import type { RedisSettings } from "./options.ts";
import type { Reply } from "./reply.ts";

/** The client, as this package uses it. */
export type RedisClient = RedisClientType<RedisModules, RedisFunctions, RedisScripts, 2>;

/** A word of a command. */
export type Word = string | Buffer;

const asBytes = { [RESP_TYPES.BLOB_STRING]: Buffer } as const;

/**
 * One life of a connection. When it is lost everything unanswered is rejected at once, and it never comes back: the client's own
 * reconnecting is off, since it would send again what may have arrived.
 */
export class Link {
  readonly client: RedisClient;
  /** Resolves with the reason once the connection is gone. Never rejects. */
  readonly end: Promise<BusError>;
  /** The client, with text as bytes: options of each command would be joined with its own for each. */
  readonly #bytes: Pick<RedisClient, "sendCommand">;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #listeners = new Set<(error: BusError) => void>();
  #ended = false;
  #finish: (error: BusError) => void = () => undefined;
  #silentSince: number | undefined;

  /** Takes over a client that is connected. */
  constructor(client: RedisClient, heartbeatMs: number) {
    this.client = client;
    this.#bytes = client.withTypeMapping(asBytes);
    this.end = new Promise((resolve) => (this.#finish = resolve));
    client.on("error", (error: Error) => this.#onEnd(classify(error, { what: "The connection ended" })));
    this.#heartbeat = setInterval(() => this.#beat(heartbeatMs), heartbeatMs);
    this.#heartbeat.unref();
  }

  /** True once the connection is gone. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Calls the listener once the connection is gone; the returned function ends that. Listeners do not throw. */
  onEnd(listener: (error: BusError) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Sends a command and resolves with its reply, text as bytes. Commands reach the server in the order of the calls. Rejects with what the client throws. */
  ask(...words: readonly Word[]): Promise<Reply> {
    if (this.#ended)
      return Promise.reject(new ConnectionError("The connection to Redis is gone.", { broker: "redis" }));
    return this.#bytes.sendCommand<Reply>(words);
  }

  /** Ends it at once: what is unanswered is rejected. Calling it again is harmless. */
  destroy(error: BusError = new ConnectionError("This connection was closed.", { broker: "redis" })): void {
    this.#onEnd(error);
  }

  #onEnd(error: BusError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.client.destroy();
    this.#finish(error);
    for (const listener of [...this.#listeners]) listener(error);
  }

  #beat(heartbeatMs: number): void {
    const now = performance.now();
    if (this.#silentSince !== undefined) {
      if (now - this.#silentSince < heartbeatMs * 1.5) return;
      return this.#onEnd(new ConnectionError("Redis gave no sign of life.", { broker: "redis" }));
    }
    this.#silentSince = now;
    const heard = (): void => void (this.#silentSince = undefined);
    this.ask("PING").then(heard, heard);
  }
}

/** What a connection is for, as `CLIENT LIST` shows it behind the client's name; one that consumes says for which consumer. */
export type Purpose = "publish" | `consume:${string}`;

const protocol = { RESP: 2 } as const;

/** The client's own `createClient` makes a class of hundreds of commands for each set of options, which takes 30 ms. */
const clientWith = Client.factory(protocol);

/** Opens a connection in one attempt, within `connectTimeoutMs`. Rejects typed; nothing is left open then. */
export async function dial(settings: RedisSettings, purpose: Purpose, signal?: AbortSignal): Promise<Link> {
  signal?.throwIfAborted();
  const { host, port, database, username, password, clientName, connectTimeoutMs, tls, heartbeatMs } = settings;
  const socket = { host, port, connectTimeout: connectTimeoutMs, reconnectStrategy: false as const };
  const client = clientWith({
    ...protocol,
    socket: tls === undefined ? socket : { ...socket, tls: true, ...tls },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    name: `${clientName}:${purpose}`,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    // The client would arm a signal for each command until it is written, which costs as much as the command; the heartbeat sees a socket that takes nothing.
    commandOptions: { timeout: 0 },
  }) as unknown as RedisClient;
  client.on("error", () => undefined);
  const what = `Connecting to ${host}:${port} failed`;
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  const bound = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("Connection timeout")), connectTimeoutMs);
    abort = () => reject(signal?.reason as Error);
    signal?.addEventListener("abort", abort, { once: true });
  });
  try {
    await Promise.race([client.connect(), bound]);
    return new Link(client, heartbeatMs);
  } catch (error) {
    client.destroy();
    if (signal?.aborted === true) throw signal.reason;
    throw classify(error, { what });
  } finally {
    clearTimeout(timer);
    if (abort !== undefined) signal?.removeEventListener("abort", abort);
  }
}
