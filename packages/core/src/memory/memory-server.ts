import Denque from "denque";
import type { OutboundRecord, Receipt } from "../contract/index.ts";
import { CapacityError, InvalidArgumentError } from "../errors.ts";
import { copyOfBytes } from "./copy-of-bytes.ts";
import { KeptValues } from "./kept-values.ts";
import { MemoryHolding } from "./memory-holding.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { hasExpired, QueuedMessage } from "./queued-message.ts";

/** What bounds a broker in memory. */
export interface MemoryLimits {
  /** The most messages that wait in one queue, or for their time; a publish that would make it more rejects with `CapacityError`. */
  readonly maxQueuedMessages: number;
  /** How many of the latest messages a new subscription with `startFrom: "earliest"` can still get. */
  readonly maxLogMessages: number;
  /** Of how many topics the last value is kept; a publish that would make it more rejects with `CapacityError`. */
  readonly maxKeptValues: number;
}

/** The bounds unless somebody says otherwise. */
export const memoryLimits: MemoryLimits = {
  maxQueuedMessages: 1_000_000,
  maxLogMessages: 1_000,
  maxKeptValues: 100_000,
};

/**
 * The broker in memory itself: queues, a log of the latest messages, kept last values, what waits for its time, dead letters. Every driver with the same URL in one
 * process talks to the same server.
 */
export class MemoryServer {
  /** Dead letters by group, then by slot, in the order in which they came. */
  readonly deadLetters: Map<string, Map<string, OutboundRecord>> = new Map();
  readonly #limits: MemoryLimits;
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #log = new Denque<QueuedMessage>();
  readonly #routes = new Map<string, MemoryQueue[]>();
  readonly #connections = new Set<() => void>();
  readonly #kept: KeptValues;
  /** What is due is delivered whatever waits already: it was confirmed. */
  readonly #holding = new MemoryHolding((record) => this.#deliver(record, this.#queuesFor(record.address)));
  #sequence = 0;

  constructor(limits: MemoryLimits = memoryLimits) {
    this.#limits = limits;
    this.#kept = new KeptValues(limits.maxKeptValues);
  }

  /** Keeps a publish that is sent again once, as long as it is among the latest messages that the log has. */
  publish(record: OutboundRecord): Receipt {
    const { id, topic, delayMs = 0 } = record;
    if (record.sending > 1 && this.#holding.has(record)) return { id };
    const queues = this.#queuesFor(record.address);
    const before = record.sending > 1 ? this.#sentBefore(record.publishToken) : undefined;
    if (before !== undefined) return { id, routed: queues.length > 0, position: before.position };
    if (record.retain === true && !this.#kept.hasRoomFor(record.address))
      throw new CapacityError(
        `The broker in memory keeps the last values of ${this.#limits.maxKeptValues} topics, and no more.`,
        { topic },
      );
    const kept: OutboundRecord = { ...record, body: copyOfBytes(record.body), headers: { ...record.headers } };
    if (delayMs > 0) {
      this.#hold(kept, delayMs);
      return { id };
    }
    for (const queue of queues)
      if (queue.full)
        throw new CapacityError(
          `Queue "${queue.name}" in memory is full with ${queue.waiting} messages; let its subscription catch up.`,
          { topic },
        );
    return new MemoryReceipt(id, queues.length > 0, this.#deliver(kept, queues));
  }

  /** The queue of this name, made when it is not there. */
  queue(name: string, filter: string, durable: boolean, startFrom: "new" | "earliest"): MemoryQueue {
    const existing = this.#queues.get(name);
    if (existing !== undefined) return existing;
    const queue = new MemoryQueue(name, filter, durable, this.#limits.maxQueuedMessages);
    this.#queues.set(name, queue);
    this.#routes.clear();
    const past = startFrom === "earliest" ? this.#log.toArray().filter((message) => !hasExpired(message)) : [];
    const oldest = past[0]?.sequence ?? Infinity;
    // A last value that is in the log comes once, as the message that it was.
    for (const value of this.#kept.matching(queue.filter)) if (value.sequence < oldest) queue.push(value.again());
    for (const message of past) if (queue.wants(message.record.address)) queue.push(message.again());
    return queue;
  }

  removeQueue(name: string): void {
    this.#queues.delete(name);
    this.#routes.clear();
  }

  waiting(name: string): number | undefined {
    return this.#queues.get(name)?.waiting;
  }

  /** Calls `cut` when the connections are cut; the returned function ends that. */
  connect(cut: () => void): () => void {
    this.#connections.add(cut);
    return () => void this.#connections.delete(cut);
  }

  /** Cuts every connection, as a network does: for tests of what comes after. */
  sever(): void {
    for (const cut of [...this.#connections]) cut();
  }

  /** The position of the message. */
  #deliver(record: OutboundRecord, queues: readonly MemoryQueue[]): string {
    const { retain = false, expiresInMs = Infinity, delayMs = 0 } = record;
    const expiresAt = expiresInMs === Infinity ? Infinity : performance.now() + expiresInMs - delayMs;
    const message = new QueuedMessage(record, ++this.#sequence, expiresAt);
    this.#log.push(message);
    if (this.#log.length > this.#limits.maxLogMessages) this.#log.shift();
    if (retain) this.#kept.keep(message);
    for (const queue of queues) queue.push(message.again());
    return message.position;
  }

  #hold(record: OutboundRecord, delayMs: number): void {
    const { topic, expiresInMs = Infinity } = record;
    if (expiresInMs <= delayMs)
      throw new InvalidArgumentError(
        `A message to "${topic}" with delayMs ${delayMs} would be due after it has expired, in ${expiresInMs} ms.`,
        { topic },
      );
    if (this.#holding.size >= this.#limits.maxQueuedMessages)
      throw new CapacityError(
        `${this.#holding.size} messages wait in memory for their time, and there is no room for more.`,
        {
          topic,
        },
      );
    this.#holding.hold(record, delayMs);
  }

  #sentBefore(publishToken: string): QueuedMessage | undefined {
    return this.#log.toArray().find(({ record }) => record.publishToken === publishToken);
  }

  #queuesFor(topic: string): readonly MemoryQueue[] {
    let queues = this.#routes.get(topic);
    if (queues === undefined) {
      queues = [...this.#queues.values()].filter((queue) => queue.wants(topic));
      // Bounded, because topics are as many as the users make them.
      if (this.#routes.size >= 10_000) this.#routes.clear();
      this.#routes.set(topic, queues);
    }
    return queues;
  }
}

class MemoryReceipt implements Receipt {
  readonly id: string;
  readonly routed: boolean;
  readonly position: string;

  constructor(id: string, routed: boolean, position: string) {
    this.id = id;
    this.routed = routed;
    this.position = position;
  }
}

const servers = new Map<string, MemoryServer>();

/** The server of this name in this process, made when it is not there. */
export function memoryServer(name: string): MemoryServer {
  let server = servers.get(name);
  if (server === undefined) {
    server = new MemoryServer();
    servers.set(name, server);
  }
  return server;
}
