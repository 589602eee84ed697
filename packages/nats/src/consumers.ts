import { AckPolicy, DeliverPolicy, ReplayPolicy } from "@nats-io/jetstream";
import type { ConsumerConfig, ConsumerInfo } from "@nats-io/jetstream";
import type { SubscribeRequest } from "@busbar/core/contract";
import { RefusedError } from "@busbar/core/driver";
import { apiCodeOf, apiCodes, classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import type { NatsSettings } from "./options.ts";
import { patternIntersection } from "./subject-pattern.ts";
import { deadLetterStream, deadLetterSubjects } from "./streams.ts";
import type { StreamPlace } from "./streams.ts";

/** Where a consumer that does not exist yet begins. */
export type Beginning = "new" | "earliest" | { readonly sequence: number };

/** A consumer with less than this to live would die whenever a process is busy for a while. */
const shortestGraceMs = 5_000;
/** Shared by all members, each of which is held back by its own credit. */
const maxAckPending = 65_536;
const maxWaitingPulls = 2_048;

/** Begins the description of a consumer that keeps something back; the time until when stands behind it. */
const postponedNote = "busbar: given back for later, until ";

/** Until when some of what is unsettled may be kept back, in milliseconds since the epoch, as far as whoever left has noted it. */
export function postponedUntil({ config }: ConsumerInfo): number {
  const { description = "" } = config;
  return description.startsWith(postponedNote) ? Date.parse(description.slice(postponedNote.length)) : 0;
}

/** After how long without a pull the server deletes the consumer of a subscription that is not durable, in milliseconds. */
export function inactivityMs(request: SubscribeRequest): number {
  return Math.max(request.graceMs, shortestGraceMs);
}

/**
 * The one subject pattern that the consumer needs of this stream, or `undefined` where it takes several: then it reads the
 * whole stream, since a consumer of nats-server 2.9 has at most one filter.
 */
export function filterOn(place: StreamPlace, pattern: string): string | undefined {
  const parts = place.subjects
    .map((subject) => patternIntersection(subject, pattern))
    .filter((part) => part !== undefined);
  return parts.length === 1 ? parts[0] : undefined;
}

/** Finds and makes the pull consumers of subscriptions, each named after its subscription. */
export class Consumers {
  readonly #connection: Connection;
  readonly #settings: NatsSettings;

  constructor(connection: Connection, settings: NatsSettings) {
    this.#connection = connection;
    this.#settings = settings;
  }

  async find(stream: string, name: string): Promise<ConsumerInfo | undefined> {
    const action = `Looking for the consumer ${name} of the stream ${stream}`;
    try {
      return await this.#connection.ask(action, (api) => api.consumers.info(stream, name));
    } catch (error) {
      if (apiCodeOf(error) === apiCodes.consumerNotFound) return undefined;
      throw classify(error, { action });
    }
  }

  /** Makes the consumer of a subscription on one stream; when another member was faster, resolves to that one. */
  async make(
    request: SubscribeRequest,
    place: StreamPlace,
    pattern: string,
    beginning: Beginning,
  ): Promise<ConsumerInfo> {
    const { name, filter, durable } = request;
    if (durable && this.#settings.topology !== "create") {
      throw new RefusedError(
        `The stream ${place.name} has no consumer ${name} for "${filter}", and topology "${this.#settings.topology}" lets none be made; ` +
          `make a durable pull consumer of that name with explicit acknowledgement and max_deliver -1, or set topology to "create".`,
        { broker: "nats", topic: filter, code: "BUSBAR_NOT_FOUND" },
      );
    }
    const action = `Making the consumer ${name} of the stream ${place.name}`;
    const filterSubject = filterOn(place, pattern);
    try {
      return await this.#connection.ask(action, (api) =>
        api.consumers.add(place.name, {
          durable_name: name,
          ack_policy: AckPolicy.Explicit,
          ack_wait: this.#settings.ackWaitMs * 1_000_000,
          // A release is not a failure, and a server that merely stops delivering loses messages.
          max_deliver: -1,
          max_ack_pending: maxAckPending,
          max_waiting: maxWaitingPulls,
          replay_policy: ReplayPolicy.Instant,
          ...(filterSubject === undefined ? {} : { filter_subject: filterSubject }),
          // A work queue takes no other place to begin at, and keeps only what nobody has handled.
          ...beginningOf(place.isWorkQueue && typeof beginning === "object" ? "earliest" : beginning),
          ...(durable ? {} : { inactive_threshold: inactivityMs(request) * 1_000_000 }),
        }),
      );
    } catch (error) {
      const made = await this.find(place.name, name);
      if (made !== undefined) return made;
      throw classify(error, { action, topic: filter });
    }
  }

  /** Sees to it that an adopted consumer never just stops delivering. */
  async deliverForEver(info: ConsumerInfo): Promise<void> {
    if ((info.config.max_deliver ?? -1) < 1 || this.#settings.topology !== "create") return;
    const action = `Changing the consumer ${info.name} of the stream ${info.stream_name}`;
    try {
      await this.#connection.ask(action, (api) =>
        api.consumers.update(info.stream_name, info.name, { max_deliver: -1 }),
      );
    } catch (error) {
      throw classify(error, { action });
    }
  }

  /** Notes at the server until when something that was given back for later must not come: the server knows, and does not say. */
  async notePostponed(stream: string, name: string, until: number): Promise<void> {
    if (this.#settings.topology !== "create") return;
    const description = `${postponedNote}${new Date(until).toISOString()}`;
    const action = `Noting at the consumer ${name} of the stream ${stream} what it keeps back`;
    try {
      await this.#connection.ask(action, (api) => api.consumers.update(stream, name, { description }));
    } catch (error) {
      throw classify(error, { action });
    }
  }

  /** Deletes a consumer; that it is gone already is no failure. */
  async delete(stream: string, name: string): Promise<void> {
    const action = `Deleting the consumer ${name} of the stream ${stream}`;
    try {
      await this.#connection.ask(action, (api) => api.consumers.delete(stream, name));
    } catch (error) {
      const code = apiCodeOf(error);
      if (code === apiCodes.consumerNotFound || code === apiCodes.streamNotFound) return;
      // nats-server 2.9 may fail to clear its folder, and has deleted the consumer all the same.
      if (this.#connection.connected && (await this.find(stream, name)) === undefined) return;
      throw classify(error, { action });
    }
  }

  /**
   * Notes that a durable subscription exists, although perhaps no stream does that it could have a consumer on: a consumer of
   * nothing on the stream of the dead letters. Resolves to whether it was noted before.
   */
  async note(name: string): Promise<boolean> {
    if ((await this.find(deadLetterStream, name)) !== undefined) return true;
    const action = `Noting the subscription ${name}`;
    try {
      await this.#connection.ask(action, (api) =>
        api.consumers.add(deadLetterStream, {
          durable_name: name,
          ack_policy: AckPolicy.Explicit,
          deliver_policy: DeliverPolicy.New,
          filter_subject: deadLetterSubjects.replace(">", "_none"),
        }),
      );
      return false;
    } catch (error) {
      throw classify(error, { action });
    }
  }
}

function beginningOf(beginning: Beginning): Partial<ConsumerConfig> {
  if (beginning === "new") return { deliver_policy: DeliverPolicy.New };
  if (beginning === "earliest") return { deliver_policy: DeliverPolicy.All };
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, beginning.sequence) };
}
