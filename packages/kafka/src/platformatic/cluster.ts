import { isIP } from "node:net";
import type { Socket } from "node:net";
import { pause } from "@busbar/core/driver";
import { bounded } from "../bounded.ts";
import { coordinatorIsComing, tookTooLong } from "../classify.ts";
import type { ConnectOptions } from "../client.ts";
import { tokenRefusal } from "../oauth-bearer.ts";
import type { KafkaSettings } from "../options.ts";
import { answerBeside, answered, answerOf } from "./answers.ts";
import type { Connection, Library } from "./library.ts";

/** How one question is put: a protocol call of the library. */
export type Call<Question extends unknown[], Answer> = (
  connection: Connection,
  ...args: [...Question, (error: Error | null, answer?: Answer) => void]
) => void;

/** What the cluster tells of its brokers and of topics. */
export type Metadata = Awaited<ReturnType<Library["metadataV9"]["api"]["async"]>>;
/** What the cluster tells of one topic. */
export type TopicMetadata = Metadata["topics"][number];

interface Place {
  readonly host: string;
  readonly port: number;
}

/** A connection that nothing was read from for this long may be closed by the broker without anything being wrong. */
const idleMs = 60_000;
/** Timers of the library are not used: a question that takes too long ends the connection. */
const never = 2_147_483_647;
/** How often and how long it is waited for what passes within seconds, such as a coordinator that is being elected. */
const settling = { tries: 10, firstMs: 100, maxMs: 1_000 };

/**
 * The connections of one client object to the brokers of its cluster: each broker has one of each lane, made when it is first
 * needed. It tells at once when one that was in use is lost, and after `cut` nothing of it can reach the network any more. The
 * protocol versions asked for are those that Kafka 3.0 and every later one takes.
 */
export class Cluster {
  readonly library: Library;
  readonly #settings: KafkaSettings;
  readonly #onLost: (error: Error) => void;
  readonly #connections = new Set<Connection>();
  readonly #ready = new Map<string, Promise<Connection>>();
  readonly #heardAt = new WeakMap<Connection, number>();
  /** What a connection ended by; the library tells those who wait only that it did. */
  readonly #problems = new WeakMap<Connection, Error>();
  #brokers = new Map<number, Place>();
  #controller = -1;
  #seed: Place | undefined;
  #cut = false;
  #watching = false;

  private constructor(library: Library, settings: KafkaSettings, onLost: (error: Error) => void) {
    this.library = library;
    this.#settings = settings;
    this.#onLost = onLost;
  }

  /** Connects to one of the brokers; nothing is left open when that fails. */
  static async connect(
    library: Library,
    settings: KafkaSettings,
    { onLost, signal }: ConnectOptions,
  ): Promise<Cluster> {
    const cluster = new Cluster(library, settings, onLost);
    const { connectTimeoutMs } = settings;
    try {
      await bounded(
        cluster.metadata([]),
        connectTimeoutMs,
        () => tookTooLong("Connecting to Kafka", connectTimeoutMs),
        signal,
      );
    } catch (error) {
      cluster.cut();
      throw error;
    }
    cluster.#watching = true;
    return cluster;
  }

  /** The broker that makes topics. */
  get controller(): number {
    return this.#controller;
  }

  /** Some broker. */
  get anyBroker(): number {
    return this.#brokers.keys().next().value ?? -1;
  }

  /** What the cluster knows of topics; of all of them with `null`. What is wrong with a topic stands in its answer. */
  async metadata(topics: string[] | null): Promise<Metadata> {
    const { api } = this.library.metadataV9;
    const connection = await this.#anyConnection();
    const answer = await this.ask(connection, api, [topics, false, false]).catch((error: unknown) => {
      const beside = answerBeside(error) as Metadata | undefined;
      if (beside === undefined) throw error;
      return beside;
    });
    this.#brokers = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    this.#controller = answer.controllerId;
    return answer;
  }

  /** The broker that keeps the group, or the transactions of an id. */
  async coordinator(name: string, of: "group" | "transactions" = "group"): Promise<number> {
    const { api } = this.library.findCoordinatorV4;
    const { coordinators } = await this.ask(await this.#anyConnection(), api, [of === "group" ? 0 : 1, [name]]);
    const [found] = coordinators;
    if (found === undefined) throw new Error("Kafka did not name a coordinator");
    this.#brokers.set(found.nodeId, { host: found.host, port: found.port });
    return found.nodeId;
  }

  /** Asks the coordinator of a group, and waits while there is none that knows the group. */
  async askCoordinator<Question extends unknown[], Answer>(
    groupId: string,
    call: Call<Question, Answer>,
    question: Question,
  ): Promise<Answer> {
    return this.settled(async () => this.ask(await this.connection(await this.coordinator(groupId)), call, question));
  }

  /** Does it again while it fails for what passes within seconds. */
  async settled<T>(work: () => Promise<T>, firstMs: number = settling.firstMs): Promise<T> {
    for (let attempt = 1, waitMs = firstMs; ; attempt++, waitMs = Math.min(waitMs * 1.5, settling.maxMs)) {
      try {
        return await work();
      } catch (error) {
        if (!passes(error) || attempt > settling.tries || this.#cut) throw error;
        await pause(waitMs);
      }
    }
  }

  /** The error that a broker means by a number in an answer. */
  failure(code: number): Error {
    return answered(new this.library.ProtocolError(code));
  }

  /** The connection to a broker. What is asked over one lane does not wait for what is asked over another. */
  connection(node: number, lane = ""): Promise<Connection> {
    const place = this.#brokers.get(node);
    if (place === undefined) return Promise.reject(new Error(`Kafka has no broker ${node} at the moment`));
    return this.#to(place, lane);
  }

  /** Puts a question, once. */
  ask<Question extends unknown[], Answer>(
    connection: Connection,
    call: Call<Question, Answer>,
    question: Question,
    boundMs: number = this.#settings.native.requestTimeoutMs,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = new Error("a request was not answered in time");
        reject(error);
        this.lose(error);
      }, boundMs);
      call(connection, ...question, (error, answer) => {
        clearTimeout(timer);
        this.#heardAt.set(connection, Date.now());
        if (error) reject(answered((isLost(error) ? this.#problems.get(connection) : undefined) ?? error));
        else resolve(answer as Answer);
      });
    });
  }

  /** The connection is to be taken for lost. Tells of it once. */
  lose(error: Error): void {
    if (this.#cut || !this.#watching) return;
    this.cut();
    this.#onLost(error);
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** Ends every connection and refuses new ones. */
  cut(): void {
    this.#cut = true;
    for (const connection of this.#connections) end(connection);
    this.#connections.clear();
    this.#ready.clear();
  }

  /** The broker that answered first, or another where it does not any more. */
  async #anyConnection(): Promise<Connection> {
    if (this.#seed !== undefined) return this.#to(this.#seed, "");
    let failure: unknown;
    for (const place of [...this.#settings.brokers.map(placeOf), ...this.#brokers.values()]) {
      try {
        const connection = await this.#to(place, "");
        this.#seed = place;
        return connection;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #to(place: Place, lane: string): Promise<Connection> {
    const key = `${place.host}:${place.port}/${lane}`;
    let ready = this.#ready.get(key);
    if (ready === undefined) {
      ready = this.#open(place, key);
      this.#ready.set(key, ready);
      ready.catch(() => this.#ready.delete(key));
    }
    return ready;
  }

  async #open({ host, port }: Place, key: string): Promise<Connection> {
    if (this.#cut) throw new Error("closed");
    const connection = new this.library.Connection(this.#settings.clientName, this.#optionsFor(host));
    this.#connections.add(connection);
    // What goes wrong shows in the question or in the close.
    connection.on("error", (error) => this.#problems.set(connection, error));
    try {
      const connecting = connection.connect(host, port);
      guardReading(connection.socket, this.#settings.secure);
      await connecting;
    } catch (error) {
      this.#connections.delete(connection);
      end(connection);
      throw answered(error as Error);
    }
    connection.socket.setKeepAlive(true, idleMs);
    this.#heardAt.set(connection, Date.now());
    connection.on("close", () => {
      if (!this.#connections.delete(connection)) return;
      this.#ready.delete(key);
      if (this.#seed?.host === host && this.#seed.port === port) this.#seed = undefined;
      const silentMs = Date.now() - (this.#heardAt.get(connection) ?? 0);
      if (silentMs < idleMs)
        this.lose(this.#problems.get(connection) ?? new Error(`${host}:${port} closed the connection`));
    });
    return connection;
  }

  #optionsFor(host: string): NonNullable<ConstructorParameters<Library["Connection"]>[1]> {
    const { connectTimeoutMs, secure, tls, username, password, token, native } = this.#settings;
    const names = isIP(host) ? {} : { servername: host };
    const sasl =
      token !== undefined
        ? { mechanism: "OAUTHBEARER" as const, token, authBytesValidator: refuseToken }
        : username !== undefined && password !== undefined
          ? { mechanism: mechanisms[native.saslMechanism], username, password }
          : undefined;
    return {
      connectTimeout: connectTimeoutMs,
      requestTimeout: never,
      // The order of what is asked is the caller's; nothing is to wait inside the library.
      maxInflights: 10_000,
      ...(secure ? { tls: { ...names, ...tls } } : {}),
      ...(sasl === undefined ? {} : { sasl }),
    };
  }
}

const mechanisms = {
  plain: "PLAIN",
  "scram-sha-256": "SCRAM-SHA-256",
  "scram-sha-512": "SCRAM-SHA-512",
} as const;

function passes(error: unknown): boolean {
  // The former transaction is still being ended.
  return coordinatorIsComing(error) || answerOf(error) === "CONCURRENT_TRANSACTIONS";
}

function isLost(error: Error): boolean {
  return (error as { code?: unknown }).code === "PLT_KFK_NETWORK";
}

/** The library reads before it looks whether there is enough, and throws into the socket, which would end the process: the connection is lost instead. */
function guardReading(socket: Socket, secure: boolean): void {
  // The library, which listens for it before, begins to read then.
  socket.once(secure ? "secureConnect" : "connect", () => {
    for (const read of socket.listeners("data") as ((bytes: Buffer) => void)[]) {
      socket.off("data", read);
      socket.on("data", (bytes: Buffer) => {
        try {
          read(bytes);
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
    }
  });
}

/** Ends a connection at once, whatever state it is in. */
function end(connection: Connection): void {
  // The first rejects everybody who waits for it, the second does not wait for the other side.
  connection.close(() => {});
  connection.socket?.destroy();
}

function refuseToken(answer: Buffer, done: (error: Error | null, answer: Buffer) => void): void {
  done(tokenRefusal(answer) ?? null, answer);
}

function placeOf(broker: string): Place {
  const at = broker.lastIndexOf(":");
  return { host: broker.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(broker.slice(at + 1)) };
}
