import { createInbox } from "@nats-io/nats-core";
import type { Msg } from "@nats-io/nats-core";
import type { OutboundRecord, PublishOutcome } from "@busbar/core/contract";
import { ClosedError, ConnectionError, pause, RefusedError, Slots, UnsupportedError } from "@busbar/core/driver";
import type { BusError } from "@busbar/core/driver";
import { classify, classifyRefusal } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { wire } from "./from-record.ts";
import type { NatsSettings } from "./options.ts";
import { Outgoing, unknownOutcome } from "./outgoing.ts";
import { PublishAnswers } from "./publish-answers.ts";
import type { PublishAnswer } from "./publish-answers.ts";
import { firstTokenOf } from "./streams.ts";
import type { Streams } from "./streams.ts";
import { endOfNumber, numberIn } from "./text-in-bytes.ts";
import { subjectBytes } from "./wire-message.ts";

/** The subjects under one first token, for which streams are looked up and made together. */
interface Home {
  /** True where one stream takes everything under the token. */
  all: boolean;
  /** Where streams take only parts: the subjects known to be taken. */
  readonly subjects: Set<string>;
  preparing: boolean;
  /** In the order of the calls. */
  queue: Outgoing[];
  /** How many of them were sent and are not answered. */
  underway: number;
}

/** How long nothing more is sent behind what has no answer, in milliseconds: another server takes 4 s and more to find that the leader of a stream has ended. */
const holdAfterMs = 2_000;
/** How long a stream has to answer, in milliseconds: one whose leader has ended never does, although the connection lives. */
const answerTimeoutMs = 8_000;

/**
 * Publishes into streams over one inbox of its own: each message names a reply subject under it, and JetStream's answer comes
 * there. One subscription for all, no timer and no promise race a message (the client's own way costs three times as much).
 *
 * It never sends twice what may have arrived: when the connection is lost, everything unanswered is rejected as outcome
 * unknown. Only what JetStream says no stream took is sent again, once, after a stream was made for it.
 */
export class StreamPublisher {
  readonly #connection: Connection;
  readonly #streams: Streams;
  readonly #inbox: string;
  readonly #dedupesById: boolean;
  /** What was sent and is not answered. Its place in here is in its reply subject, so that the answer finds it without a search. */
  readonly #pending = new Slots<Outgoing>();
  readonly #homes = new Map<string, Home>();
  #lastSubject = "";
  #lastHome: Home | undefined;
  readonly #answers = new PublishAnswers();
  #count = 0;
  /** How many had been sent at the last times that somebody looked, by `performance.now()`. */
  #looks: { readonly count: number; readonly at: number }[] = [];
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(
    connection: Connection,
    streams: Streams,
    { inboxPrefix, dedupeById }: Pick<NatsSettings, "inboxPrefix" | "dedupeById">,
  ) {
    this.#dedupesById = dedupeById;
    this.#connection = connection;
    this.#streams = streams;
    this.#inbox = createInbox(inboxPrefix);
    connection.client.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#onAnswer(message);
        else this.#rejectAll((outgoing) => classify(error, { action: `Publishing to "${outgoing.record.topic}"` }));
      },
    });
    connection.listen({
      lost: () => this.#lost(),
      restored: () => undefined,
      publishForbidden: (subject, error) => this.#forbidden(subject, error),
    });
  }

  /** Confirmed once a stream has the message, refused as `Broker.publish` rejects. Throws what `Outgoing` does. */
  post(record: OutboundRecord, subject: string, outcome: PublishOutcome, signal?: AbortSignal): void {
    const outgoing = new Outgoing(record, subject, this.#connection.client.info?.max_payload, outcome);
    if (signal !== undefined) outgoing.abortWith(signal, () => this.#forget(outgoing));
    const home = this.#homeOf(subject);
    if (home.queue.length === 0 && isReady(home, subject)) this.#send(home, outgoing);
    else {
      home.queue.push(outgoing);
      this.#prepare(home);
    }
  }

  /** Looks after what has waited long for its answer. `now` is that of `performance.now()`. */
  tick(now: number): void {
    const sentBefore = (age: number): number => this.#looks.findLast(({ at }) => now - at >= age)?.count ?? 0;
    const [held, late] = [sentBefore(holdAfterMs), sentBefore(answerTimeoutMs)];
    this.#looks = [...this.#looks.filter(({ at }) => now - at < 2 * answerTimeoutMs), { count: this.#count, at: now }];
    if (held === 0 || this.#pending.size === 0) return;
    for (const outgoing of this.#pending.all()) {
      if (outgoing.number > held || outgoing.settled) continue;
      const home = this.#homeOf(outgoing.subject);
      // What comes now waits, so that it does not overtake what has to be sent again.
      unprepare(home);
      if (outgoing.number <= late) this.#giveUp(home, (waiting) => unknownOutcome(waiting, noAnswer()));
    }
  }

  /** Resolves once everything is answered, at the latest after `timeoutMs`; then rejects what is left. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#connection.connected && !this.#isIdle()) {
      const waited = new AbortController();
      await Promise.race([new Promise<void>((resolve) => this.#idle.push(resolve)), pause(timeoutMs, waited.signal)]);
      waited.abort();
    }
    this.#closed = true;
    this.#rejectAll(({ record }) => {
      return new ClosedError(
        `The broker was closed before it was known whether the message to "${record.topic}" arrived.`,
        {
          broker: "nats",
          topic: record.topic,
        },
      );
    });
  }

  #homeOf(subject: string): Home {
    // Most have the subject of the one before.
    if (subject === this.#lastSubject && this.#lastHome !== undefined) return this.#lastHome;
    const token = firstTokenOf(subject);
    let home = this.#homes.get(token);
    if (home === undefined)
      this.#homes.set(token, (home = { all: false, subjects: new Set(), preparing: false, queue: [], underway: 0 }));
    this.#lastSubject = subject;
    this.#lastHome = home;
    return home;
  }

  #send(home: Home, outgoing: Outgoing): void {
    outgoing.place = this.#pending.add(outgoing);
    outgoing.number = ++this.#count;
    home.underway++;
    try {
      const reply = `${this.#inbox}.${outgoing.place}-${outgoing.number}`;
      this.#connection.commands.publish(outgoing.destination, outgoing.record.body, outgoing.headers, reply);
    } catch (error) {
      this.#answered(outgoing, home);
      outgoing.reject(classify(error, attemptOf(outgoing)));
    }
  }

  #onAnswer(message: Msg): void {
    const subject = subjectBytes(message);
    const place = this.#inbox.length + 1;
    const dash = endOfNumber(subject, place);
    const outgoing = this.#pending.get(numberIn(subject, place, dash));
    // The place may be another's by now.
    if (outgoing?.number !== numberIn(subject, dash + 1, subject.length)) return;
    const home = this.#homeOf(outgoing.subject);
    this.#answered(outgoing, home);
    if (message.headers?.code === 503) this.#onHomeless(home, outgoing);
    else this.#onPublishAnswer(outgoing, this.#answers.read(message.data));
    if (home.queue.length > 0) this.#prepare(home);
  }

  #onPublishAnswer(outgoing: Outgoing, answer: PublishAnswer | string): void {
    if (typeof answer === "string") return outgoing.resolve(answer);
    const { record } = outgoing;
    const { stream, seq, duplicate, error } = answer;
    if (error !== undefined) {
      const refusal = classifyRefusal(error, attemptOf(outgoing));
      outgoing.reject(refusal);
      if (refusal.retryable) this.#rejectFollowers(outgoing, refusal);
    } else if (duplicate === true && record.sending <= 1 && this.#dedupesById) {
      void this.#onKnown(outgoing, `${stream}`, Number(seq));
    } else if (duplicate === true && record.sending <= 1) {
      outgoing.reject(
        new RefusedError(
          `The stream ${stream} has a message under the token of this publish to "${record.topic}" already, and took no second one.`,
          {
            broker: "nats",
            topic: record.topic,
          },
        ),
      );
    } else outgoing.resolve(`${stream}/${seq}`);
  }

  /**
   * Another message of the same id is there. Where it is the very same one this is a replay, and whoever replays takes away what it believes to be
   * published: it is refused, as what cannot be told is.
   */
  async #onKnown(outgoing: Outgoing, stream: string, sequence: number): Promise<void> {
    const action = `Looking at the message ${stream}/${sequence}`;
    const known = await this.#connection
      .ask(action, (api) => api.streams.getMessage(stream, { seq: sequence }))
      .catch(() => null);
    const { record } = outgoing;
    if (known !== null && known.header.get(wire.timestamp) !== String(record.timestamp)) {
      return outgoing.resolve(`${stream}/${sequence}`);
    }
    outgoing.reject(
      new RefusedError(
        `The stream ${stream} has this message to "${record.topic}" already, or had it a moment ago, and took no second one; ` +
          "publish it again when its duplicate_window is over.",
        { broker: "nats", topic: record.topic },
      ),
    );
  }

  /** Those to the same subject and key that were sent later: core sends all of them again, in order. */
  #rejectFollowers({ record, subject }: Outgoing, cause: BusError): void {
    for (const follower of this.#pending.inOrder()) {
      if (follower.subject !== subject || follower.record.key !== record.key) continue;
      this.#answered(follower, this.#homeOf(subject));
      follower.reject(unknownOutcome(follower, cause));
    }
  }

  /** No stream took it: it is sent again after one was made or found, once. */
  #onHomeless(home: Home, outgoing: Outgoing): void {
    if (outgoing.settled) return;
    outgoing.homeless++;
    unprepare(home);
    // Answers come in the order of the calls, so these go in front of what was never sent, and behind each other.
    const behind = home.queue.findIndex((queued) => queued.homeless === 0);
    home.queue.splice(behind === -1 ? home.queue.length : behind, 0, outgoing);
  }

  /** Finds or makes the streams of what waits in a home, then sends it. */
  #prepare(home: Home): void {
    // What is underway was called earlier, and comes back here if it finds no stream.
    if (home.preparing || home.underway > 0 || home.queue.length === 0) return;
    home.preparing = true;
    void this.#prepared(home).finally(() => {
      home.preparing = false;
      this.#checkIdle();
      if (home.queue.length > 0 && this.#connection.connected) this.#prepare(home);
    });
  }

  async #prepared(home: Home): Promise<void> {
    await this.#settleHomeless(home);
    await this.#attempt(
      home,
      () => true,
      async ({ subject, record }) => {
        home.all = (await this.#streams.forPublishing(firstTokenOf(subject), record.topic)) === "all";
      },
    );
    if (!home.all) {
      for (const subject of new Set(home.queue.map((outgoing) => outgoing.subject))) {
        if (home.subjects.has(subject)) continue;
        await this.#attempt(
          home,
          (outgoing) => outgoing.subject === subject,
          async ({ record }) => {
            await this.#streams.forSubject(subject, record.topic);
            home.subjects.add(subject);
          },
        );
      }
    }
    if (this.#connection.connected && !this.#closed) this.#release(home);
  }

  /** Rejects what no stream took for the second time, and with it all others where it has a stream that is between two leaders. */
  async #settleHomeless(home: Home): Promise<void> {
    const homeless = home.queue.filter((outgoing) => outgoing.homeless > 1);
    for (const subject of new Set(homeless.map(({ destination }) => destination))) {
      const isConcerned = ({ homeless: times, destination }: Outgoing): boolean => times > 1 && destination === subject;
      await this.#attempt(home, isConcerned, async (first) => {
        if (!(await this.#streams.take(subject))) throw noStreamError(first);
        this.#giveUp(home, noLeaderError);
      });
    }
  }

  /** Does something about the streams of those concerned, and rejects them where it fails. */
  async #attempt(
    home: Home,
    concerned: (outgoing: Outgoing) => boolean,
    work: (first: Outgoing) => Promise<void>,
  ): Promise<void> {
    const first = home.queue.find(concerned);
    if (first === undefined) return;
    try {
      await work(first);
    } catch (error) {
      const hopeless = home.queue.filter(concerned);
      home.queue = home.queue.filter((outgoing) => !concerned(outgoing));
      for (const outgoing of hopeless) outgoing.reject(classify(error, attemptOf(outgoing)));
    }
  }

  #release(home: Home): void {
    const ready = home.queue.findIndex(({ subject }) => !isReady(home, subject));
    const queue = home.queue.splice(0, ready === -1 ? home.queue.length : ready);
    for (const outgoing of queue) this.#send(home, outgoing);
  }

  #lost(): void {
    const pending = this.#pending.takeAll();
    for (const home of this.#homes.values()) {
      home.underway = 0;
      // What is queued was never sent.
      const queue = home.queue;
      home.queue = [];
      for (const outgoing of queue) pending.push(outgoing);
    }
    for (const outgoing of pending) outgoing.reject(unknownOutcome(outgoing));
    this.#checkIdle();
  }

  #forbidden(subject: string, error: Error): void {
    for (const outgoing of this.#pending.inOrder()) {
      if (outgoing.destination !== subject) continue;
      this.#answered(outgoing, this.#homeOf(subject));
      outgoing.reject(classify(error, attemptOf(outgoing)));
    }
  }

  /** Rejects everything of a home, sent or not: core sends it again, in order. */
  #giveUp(home: Home, errorOf: (outgoing: Outgoing) => Error): void {
    const all = this.#pending.inOrder().filter(({ subject }) => this.#homeOf(subject) === home);
    for (const outgoing of all) this.#answered(outgoing, home);
    all.push(...home.queue.splice(0));
    for (const outgoing of all) outgoing.reject(errorOf(outgoing));
    this.#checkIdle();
  }

  #rejectAll(errorOf: (outgoing: Outgoing) => Error): void {
    const all = [...this.#pending.takeAll(), ...[...this.#homes.values()].flatMap(({ queue }) => queue)];
    this.#homes.clear();
    this.#lastHome = undefined;
    for (const outgoing of all) outgoing.reject(errorOf(outgoing));
    this.#checkIdle();
  }

  /** Lets go of an aborted one: where a plain subscriber listens and no stream does, no answer would ever come. */
  #forget(outgoing: Outgoing): void {
    const home = this.#homeOf(outgoing.subject);
    home.queue = home.queue.filter((queued) => queued !== outgoing);
    this.#answered(outgoing, home);
    this.#prepare(home);
  }

  #answered(outgoing: Outgoing, home: Home): void {
    if (this.#pending.get(outgoing.place) === outgoing) {
      this.#pending.remove(outgoing.place);
      home.underway = Math.max(0, home.underway - 1);
    }
    this.#checkIdle();
  }

  #isIdle(): boolean {
    return this.#pending.size === 0 && [...this.#homes.values()].every(({ queue }) => queue.length === 0);
  }

  #checkIdle(): void {
    if (this.#idle.length === 0 || !this.#isIdle()) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

function isReady(home: Home, subject: string): boolean {
  return home.all || home.subjects.has(subject);
}

function attemptOf({ record, subject }: Outgoing): { action: string; topic: string } {
  return { action: `Publishing to "${subject}"`, topic: record.topic };
}

/** Has the streams of a home looked for again before anything more is sent. */
function unprepare(home: Home): void {
  home.all = false;
  home.subjects.clear();
}

function noAnswer(): Error {
  return new Error(`its stream did not answer within ${answerTimeoutMs} ms`);
}

function noLeaderError(outgoing: Outgoing): ConnectionError {
  const { action, topic } = attemptOf(outgoing);
  return new ConnectionError(`${action} failed: its stream has no leader at the moment; it is tried again.`, {
    broker: "nats",
    topic,
  });
}

function noStreamError(outgoing: Outgoing): RefusedError | UnsupportedError {
  const { record, subject } = outgoing;
  if (record.delayMs !== undefined) return noDelayError(outgoing);
  return new RefusedError(
    `No stream takes the subject "${subject}"; make one, or extend one that takes its neighbours.`,
    { broker: "nats", topic: record.topic, code: "BUSBAR_NOT_FOUND" },
  );
}

/** The error of a delayed publish whose stream was made without what it takes to hold messages back. */
function noDelayError({ record, subject, destination }: Outgoing): UnsupportedError {
  const detail =
    `the stream that takes "${subject}" holds nothing back: it must have the subject "${destination.slice(0, destination.lastIndexOf("."))}.>", ` +
    "allow_msg_schedules and allow_msg_ttl, and discard its oldest. A stream that exists is never changed by the bus.";
  return new UnsupportedError([{ capability: "delay", subject: `publish("${record.topic}")`, detail }], {
    broker: "nats",
    topic: record.topic,
  });
}
