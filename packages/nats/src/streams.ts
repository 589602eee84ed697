import { createHash } from "node:crypto";
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import type { StreamConfig, StreamInfo } from "@nats-io/jetstream";
import type { Capabilities } from "@busbar/core/contract";
import { ConnectionError, RefusedError, reservedToken } from "@busbar/core/driver";
import { apiCodeOf, apiCodes, classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import type { NatsSettings } from "./options.ts";
import { patternCovers, patternIntersection } from "./subject-pattern.ts";

/** A stream that keeps some of the subjects that somebody asked for. */
export interface StreamPlace {
  readonly name: string;
  readonly subjects: readonly string[];
  /** Tells a stream from an earlier one of the same name. */
  readonly created: string;
  /** The sequence of the last message that it took. */
  readonly lastSequence: number;
  /** True where each message is one consumer's alone. */
  readonly isWorkQueue: boolean;
}

const retentions = {
  limits: RetentionPolicy.Limits,
  interest: RetentionPolicy.Interest,
  workqueue: RetentionPolicy.Workqueue,
} as const;

/** The stream of the dead letters of all groups. */
export const deadLetterStream: string = `${reservedToken}-dead-letters`;

/** Every message of every group's dead letters fits this. */
export const deadLetterSubjects: string = `${reservedToken}.dlq.>`;

/** The name of the stream that the bus makes for the subjects under a first token: `<readable>-<hash>`. */
export function streamNameOf(firstToken: string): string {
  const readable = firstToken.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 48);
  return `${readable}-${createHash("sha256").update(firstToken).digest("hex").slice(0, 8)}`;
}

/** Below this lie the messages that the stream of a first token holds back for later, in that stream: `_busbar.later.<its name>`. */
export function laterSubjectOf(firstToken: string): string {
  return `${reservedToken}.later.${streamNameOf(firstToken)}`;
}

/** The first token of a subject or pattern. */
export function firstTokenOf(subject: string): string {
  const dot = subject.indexOf(".");
  return dot === -1 ? subject : subject.slice(0, dot);
}

/** Tells whether a pattern may reach into any stream. */
export function beginsWithWildcard(pattern: string): boolean {
  return pattern === ">" || firstTokenOf(pattern) === "*";
}

/** Finds the streams that keep subjects, by subject, and makes those that the topology lets it make. */
export class Streams {
  readonly #connection: Connection;
  readonly #settings: NatsSettings;
  readonly #supports: () => Capabilities;

  /** @param supports What the server does at the moment. */
  constructor(connection: Connection, settings: NatsSettings, supports: () => Capabilities) {
    this.#connection = connection;
    this.#settings = settings;
    this.#supports = supports;
  }

  /** The streams whose subjects intersect the pattern, without those of the bus itself and the server's own (`$KV.…`). */
  async intersecting(pattern: string): Promise<StreamPlace[]> {
    const places = await this.#list(pattern);
    return places.filter(({ name, subjects }) => {
      return !name.startsWith(reservedToken) && subjects.some((subject) => !subject.startsWith("$"));
    });
  }

  /**
   * The streams that a subscription to the pattern reads. Where the topics under its first token have no stream, one is made,
   * so that what is published from now on is kept. A pattern that begins with a wildcard may have none yet.
   */
  async forSubscribing(pattern: string, topic: string): Promise<StreamPlace[]> {
    const found = await this.intersecting(pattern);
    if (beginsWithWildcard(pattern) || isKept(found, pattern)) return found;
    if (this.#settings.topology !== "create" || this.#adopts(found)) {
      if (found.length > 0) return found;
      throw this.#missing(topic, firstTokenOf(pattern));
    }
    await this.#create(firstTokenOf(pattern), topic);
    return this.intersecting(pattern);
  }

  /**
   * Sees to it that publishes under a first token have a stream. Resolves to `"some"` where streams take only parts of it, so
   * that each subject must be looked after.
   */
  async forPublishing(firstToken: string, topic: string): Promise<"all" | "some"> {
    if (this.#settings.topology === "assume") return "all";
    if (firstToken === reservedToken) {
      await this.forDeadLetters();
      return "all";
    }
    const found = await this.#under(firstToken);
    if (isKeptWhole(found, firstToken)) return "all";
    if (found.length > 0) return "some";
    if (this.#settings.topology === "check") throw this.#missing(topic, firstToken);
    await this.#create(firstToken, topic);
    return "all";
  }

  /** Sees to it that one subject has a stream, where streams take only some of its neighbours. */
  async forSubject(subject: string, topic: string): Promise<void> {
    const firstToken = firstTokenOf(subject);
    if ((await this.intersecting(subject)).length > 0) return;
    if (this.#settings.topology !== "create") throw this.#missing(topic, firstToken);
    const beside = await this.#under(firstToken);
    if (this.#adopts(beside)) throw overlapError(topic, firstToken, beside);
    await this.#create(firstToken, topic);
  }

  /** Sees to it that dead letters have their stream: one message for each slot, kept until it is removed. */
  async forDeadLetters(): Promise<void> {
    const { topology, replicas } = this.#settings;
    if (topology === "assume") return;
    const action = `Looking for the stream ${deadLetterStream}`;
    try {
      await this.#connection.ask(action, (api) => api.streams.info(deadLetterStream));
    } catch (error) {
      if (topology === "check" || apiCodeOf(error) !== apiCodes.streamNotFound) throw classify(error, { action });
      await this.#add({
        name: deadLetterStream,
        subjects: [deadLetterSubjects],
        max_msgs_per_subject: 1,
        max_age: 0,
        max_bytes: -1,
        num_replicas: replicas,
      });
    }
  }

  /** Deletes nothing and makes nothing: says what a stream is at the moment, or `undefined` where it is gone. */
  async find(name: string): Promise<StreamPlace | undefined> {
    const action = `Looking for the stream ${name}`;
    try {
      return placeOf(await this.#connection.ask(action, (api) => api.streams.info(name)));
    } catch (error) {
      if (apiCodeOf(error) === apiCodes.streamNotFound) return undefined;
      throw classify(error, { action });
    }
  }

  /** Tells whether there is any stream that takes the subject, one of the bus itself too. */
  async take(subject: string): Promise<boolean> {
    return (await this.#list(subject)).length > 0;
  }

  async #list(pattern: string): Promise<StreamPlace[]> {
    const action = `Looking for the streams of ${pattern}`;
    try {
      return await this.#connection.ask(action, async (api) => {
        const places: StreamPlace[] = [];
        const silent = new Set<string>();
        for await (const name of api.streams.names(pattern)) silent.add(name);
        // In a cluster the list leaves out the streams that have no leader at the moment, and says nothing.
        if (silent.size > 0) for await (const info of api.streams.list(pattern)) places.push(placeOf(info));
        for (const { name } of places) silent.delete(name);
        for (const name of silent) await this.#assertGone(name);
        return places.filter(({ subjects }) =>
          subjects.some((subject) => patternIntersection(subject, pattern) !== undefined),
        );
      });
    } catch (error) {
      throw classify(error, { action });
    }
  }

  /** A stream of that name was just there: where it still is, it does not answer. */
  async #assertGone(name: string): Promise<void> {
    if ((await this.find(name)) === undefined) return;
    throw new ConnectionError(`The stream ${name} did not answer; it is asked again.`, { broker: "nats" });
  }

  async #create(firstToken: string, topic: string): Promise<void> {
    const { maxBytes, maxAgeMs, replicas, retention } = this.#settings;
    const { expiry, delay } = this.#supports();
    const delays = delay !== "unsupported";
    try {
      await this.#add({
        name: streamNameOf(firstToken),
        // `t.>` alone would not take `t`.
        subjects: [firstToken, `${firstToken}.>`, ...(delays ? [`${laterSubjectOf(firstToken)}.>`] : [])],
        ...(expiry === "unsupported" ? {} : { allow_msg_ttl: true }),
        // The server schedules nothing in a stream that refuses when it is full; one without a bound never is.
        ...(delays ? { allow_msg_schedules: true, discard: DiscardPolicy.Old } : {}),
        max_age: maxAgeMs * 1_000_000,
        max_bytes: maxBytes,
        retention: retentions[retention],
        num_replicas: replicas,
      });
    } catch (error) {
      const found = await this.#under(firstToken);
      // Somebody else made it at the same time, perhaps with bounds of their own.
      if (isKeptWhole(found, firstToken)) return;
      if (apiCodeOf(error) === apiCodes.subjectsOverlap) throw overlapError(topic, firstToken, found);
      throw error;
    }
  }

  async #add(config: Pick<StreamConfig, "name" | "subjects"> & Partial<StreamConfig>): Promise<void> {
    const action = `Making the stream ${config.name}`;
    try {
      await this.#connection.ask(action, (api) =>
        api.streams.add({
          retention: RetentionPolicy.Limits,
          storage: StorageType.File,
          // A full stream refuses: dropping its oldest would lose what was confirmed.
          discard: DiscardPolicy.New,
          ...config,
        }),
      );
    } catch (error) {
      throw classify(error, { action });
    }
  }

  async #under(firstToken: string): Promise<StreamPlace[]> {
    return [...(await this.intersecting(firstToken)), ...(await this.intersecting(`${firstToken}.>`))];
  }

  #adopts(places: readonly StreamPlace[]): boolean {
    return places.some(({ name }) => this.#settings.adopted.includes(name));
  }

  #missing(topic: string, firstToken: string): RefusedError {
    return new RefusedError(
      `No stream keeps "${topic}", and topology "${this.#settings.topology}" lets none be made; make one with the subjects ` +
        `"${firstToken}" and "${firstToken}.>", or set topology to "create".`,
      { broker: "nats", topic, code: "BUSBAR_NOT_FOUND" },
    );
  }
}

function isKept(places: readonly StreamPlace[], pattern: string): boolean {
  return places.some(({ subjects }) => subjects.some((subject) => patternCovers(subject, pattern)));
}

function isKeptWhole(places: readonly StreamPlace[], firstToken: string): boolean {
  return isKept(places, firstToken) && isKept(places, `${firstToken}.>`);
}

function placeOf({ config, created, state }: StreamInfo): StreamPlace {
  return {
    name: config.name,
    subjects: config.subjects ?? [],
    created,
    lastSequence: state.last_seq,
    isWorkQueue: config.retention === RetentionPolicy.Workqueue,
  };
}

function overlapError(topic: string, firstToken: string, places: readonly StreamPlace[]): RefusedError {
  const theirs = [...new Map(places.map((place) => [place.name, place])).values()];
  const names = theirs.map(({ name, subjects }) => `"${name}" (${subjects.join(", ")})`).join(", ");
  const first = theirs[0]?.name ?? "the stream";
  const subjects = [
    ...(theirs[0]?.subjects.filter((subject) => firstTokenOf(subject) !== firstToken) ?? []),
    firstToken,
    `${firstToken}.>`,
  ];
  return new RefusedError(
    `No stream keeps all of "${topic}", and none can be made for "${firstToken}.>" beside ${names || "a stream that takes some of it"}: ` +
      `extend it (nats stream edit ${first} --subjects "${subjects.join(",")}"), or name it under native.streams to use it as it is, ` +
      "for the topics that it takes.",
    { broker: "nats", topic },
  );
}
