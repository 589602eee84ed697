import { ConnectionError, oncePerTurn, RefusedError } from "@busbar/core/driver";
import type { BusError } from "@busbar/core/driver";
import { classify, concernsOneRecord, notSent, numbersAreLost, topicIsBack, topicIsGone } from "./classify.ts";
import type { ClientMessage, ClientPosition } from "./client.ts";
import { batchBytes } from "./from-record.ts";
import { NeverSent } from "./never-sent.ts";
import { UncertainBatches } from "./uncertain-batches.ts";
import type { Batch, Pending } from "./uncertain-batches.ts";

/** What one produce request may hold (`docs/performance.md`): more records make it no faster, more bytes may be refused. */
const maxRecords = 500;
const maxBytes = 512 * 1024;
/** How many records may be remembered as to be sent alone. */
const maxSuspects = 10_000;

/** What the batches need. */
export interface ProducerBatchesOptions {
  /** Resolves once the topic can be written to, to its `max.message.bytes` where that is known. */
  readonly prepare: (topic: string) => Promise<number | undefined>;
  /** True where what is sent is compressed first, so that only the broker can tell what is too large. @default false */
  readonly mayShrink?: boolean;
  /**
   * True where the cluster keeps a batch once that is sent twice in the same array: then what may or may not have been written is sent again as it was.
   * @default false
   */
  readonly keepsOnce?: boolean;
  /** One produce request, sent once. */
  readonly send: (topic: string, messages: readonly ClientMessage[]) => Promise<readonly ClientPosition[]>;
  /** The cluster says that the topic, or another, is not there. Resolves to whether it is worth sending again. */
  readonly onTopicGone: (topic: string) => Promise<boolean>;
}

/** Which publish call a record is of: `publishToken` and `sending` of the record. */
export interface Sending {
  readonly token: string;
  readonly sending: number;
}

/**
 * Collects the records of each topic for one turn of the event loop and sends them together. One request of a topic is on its
 * way at a time, so the order of a key holds; topics do not wait for each other. Nothing that may have been sent is sent again from
 * here by itself: when a request fails for a reason that may pass, its records and those behind them are rejected, retryable, in order.
 */
export class ProducerBatches {
  readonly #options: ProducerBatchesOptions;
  readonly #flush = oncePerTurn(() => {
    for (const queue of this.#queues.values()) void this.#send(queue);
  });
  readonly #suspects = new Set<string>();
  readonly #uncertain = new UncertainBatches();
  #queues = new Map<string, Queue>();
  #idle: (() => void)[] = [];

  constructor(options: ProducerBatchesOptions) {
    this.#options = options;
  }

  /** `post` as a promise. */
  publish(topic: string, message: ClientMessage, of: Sending): Promise<ClientPosition | undefined> {
    return new Promise((resolve, reject) => this.post(topic, message, of, resolve, reject));
  }

  /** Calls `resolve` with where the record was written, `undefined` where nobody confirms; `reject` with a `BusError`. Neither before it returns. */
  post(
    topic: string,
    message: ClientMessage,
    { token, sending }: Sending,
    resolve: (position: ClientPosition | undefined) => void,
    reject: (error: Error) => void,
  ): void {
    let queue = this.#queues.get(topic);
    if (queue === undefined) this.#queues.set(topic, (queue = new Queue(topic)));
    const pending = { message, bytes: batchBytes(message), token, sending, resolve, reject, done: false };
    const isKnown = sending > 1 && this.#uncertain.join(topic, pending, queue.underway);
    if (!isKnown) queue.waiting.push(pending);
    this.#flush();
  }

  /** The connection is gone: rejects all at once. What was on its way has an unknown outcome. */
  fail(cause: unknown): void {
    const queues = this.#queues;
    this.#queues = new Map();
    for (const { topic, underway, waiting } of queues.values()) {
      const error = classify(cause, { doing: `Publishing to "${topic}"`, topic, sent: true });
      if (underway !== undefined) {
        if (this.#options.keepsOnce === true) this.#uncertain.keep(topic, underway);
        rejectAll(underway.pending, error);
      }
      rejectAll(waiting, notSent(error, topic));
    }
    this.#wakeIdle();
  }

  /** Resolves once nothing waits and nothing is on its way. */
  idle(): Promise<void> {
    return this.#queues.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  async #send(queue: Queue): Promise<void> {
    if (queue.busy) return;
    queue.busy = true;
    try {
      const limit = await this.#options.prepare(queue.topic);
      const batch = this.#uncertain.take(queue.topic) ?? this.#take(queue, limit ?? Number.POSITIVE_INFINITY);
      if (batch.messages.length > 0) await this.#sendBatch(queue, batch);
    } catch (cause) {
      // The topic could not be made ready: nothing was sent.
      rejectAll(queue.takeAll(), classify(cause, { doing: `Publishing to "${queue.topic}"`, topic: queue.topic }));
    }
    queue.busy = false;
    if (queue.waiting.length > 0) return this.#flush();
    if (this.#queues.get(queue.topic) === queue) this.#queues.delete(queue.topic);
    if (this.#queues.size === 0) this.#wakeIdle();
  }

  async #sendBatch(queue: Queue, batch: Batch): Promise<void> {
    queue.underway = batch;
    await this.#write(queue, batch);
    queue.underway = undefined;
  }

  async #write(queue: Queue, batch: Batch, isSecond = false): Promise<void> {
    const { topic } = queue;
    try {
      if (isSecond) await this.#options.prepare(topic);
      const positions = await this.#options.send(topic, batch.messages);
      // Where the connection was lost meanwhile, it has been rejected and kept to be sent again.
      if (this.#options.keepsOnce === true && this.#queues.get(topic) !== queue) return;
      let index = 0;
      for (const pending of batch.pending) {
        const position = positions[index++];
        if (this.#suspects.size > 0) this.#suspects.delete(pending.token);
        if (take(pending)) pending.resolve(position);
        else if (this.#options.keepsOnce === true) this.#uncertain.remember(pending.token, position);
      }
    } catch (cause) {
      const isBack = topicIsGone(cause) && (await this.#options.onTopicGone(topic));
      // Where the connection was lost meanwhile, all of it has been rejected.
      const isCurrent = this.#queues.get(topic) === queue;
      if (isBack && isCurrent && !isSecond && cause instanceof NeverSent) return this.#write(queue, batch, true);
      this.#fail(queue, batch, cause, isBack);
    }
  }

  #fail(queue: Queue, batch: Batch, cause: unknown, isBack: boolean): void {
    const { topic } = queue;
    const { pending } = batch;
    const error = isBack
      ? topicIsBack(topic, cause)
      : classify(cause, { doing: `Publishing to "${topic}"`, topic, sent: !(cause instanceof NeverSent) });
    if (concernsOneRecord(cause) && pending.length > 1) return this.#sendAloneNextTime(queue, pending, error);
    const isKept = this.#options.keepsOnce === true && mayBeThere(cause, error);
    // What was lost with its connection is kept already.
    if (isKept && this.#queues.get(topic) === queue) this.#uncertain.keep(topic, batch);
    rejectAll(pending, isKept ? uncertain(error) : error);
    if (error.retryable) rejectAll(queue.takeAll(), notSent(error, topic));
    else for (const { token } of pending) this.#suspects.delete(token);
  }

  /** The answer does not say which record was refused, nor which others were written. */
  #sendAloneNextTime(queue: Queue, pending: readonly Pending[], refused: BusError): void {
    if (this.#suspects.size > maxSuspects) this.#suspects.clear();
    for (const { token } of pending) this.#suspects.add(token);
    const error = new ConnectionError(
      `Publishing to "${queue.topic}" failed: another message of the same request was refused. Sent again it goes alone. ${refused.message}`,
      { broker: "kafka", topic: queue.topic, code: "BUSBAR_OUTCOME_UNKNOWN", cause: refused },
    );
    rejectAll(pending, error);
    rejectAll(queue.takeAll(), notSent(error, queue.topic));
  }

  /** Takes what one request holds, in order, and rejects what no request could. */
  #take(queue: Queue, limit: number): Batch {
    const { waiting } = queue;
    const batch: Pending[] = [];
    let size = 0;
    let taken = 0;
    for (const pending of waiting) {
      if (pending.bytes > limit && this.#options.mayShrink !== true) {
        if (take(pending)) pending.reject(tooLarge(queue.topic, pending.bytes, limit));
        taken++;
        continue;
      }
      const alone = this.#suspects.has(pending.token) && pending.sending > 1;
      if (
        batch.length > 0 &&
        (alone || batch.length === maxRecords || size + pending.bytes > Math.min(maxBytes, limit))
      )
        break;
      batch.push(pending);
      // A record behind the first takes up to ten bytes more, less the header that is counted with each.
      size += pending.bytes;
      taken++;
      if (alone) break;
    }
    queue.waiting = waiting.slice(taken);
    return { pending: batch, messages: batch.map(({ message }) => message) };
  }

  #wakeIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

class Queue {
  readonly topic: string;
  waiting: Pending[] = [];
  underway: Batch | undefined;
  busy = false;

  constructor(topic: string) {
    this.topic = topic;
  }

  takeAll(): Pending[] {
    const all = this.waiting;
    this.waiting = [];
    return all;
  }
}

function rejectAll(batch: readonly Pending[], error: Error): void {
  for (const pending of batch) if (take(pending)) pending.reject(error);
}

/** Whether a batch may have been written, in whole or to some of its partitions, and may be sent again as it was. */
function mayBeThere(cause: unknown, error: BusError): boolean {
  return error.retryable && !(cause instanceof NeverSent) && !topicIsGone(cause) && !numbersAreLost(cause);
}

/** Nobody may say of a batch that is kept that it was never sent, because it will be. */
function uncertain(error: BusError): BusError {
  const { message, topic, cause } = error;
  if (error.code === "BUSBAR_OUTCOME_UNKNOWN") return error;
  return new ConnectionError(message, { broker: "kafka", topic, code: "BUSBAR_OUTCOME_UNKNOWN", cause });
}

/** Tells whether it was unsettled until now. */
function take(pending: Pending): boolean {
  const wasOpen = !pending.done;
  pending.done = true;
  return wasOpen;
}

function tooLarge(topic: string, bytes: number, limit: number): BusError {
  return new RefusedError(
    `Publishing to "${topic}" failed: the message takes ${bytes} bytes with its key and headers, the topic takes ${limit} (max.message.bytes). Raise it, or send less.`,
    { broker: "kafka", topic, code: "BUSBAR_TOO_LARGE" },
  );
}
