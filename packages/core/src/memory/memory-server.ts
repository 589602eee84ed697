import Denque from "denque";
import type { OutboundRecord, Receipt } from "../contract/index.ts";
import { CapacityError } from "../errors.ts";
import { copyOfBytes } from "./copy-of-bytes.ts";
import { MemoryQueue } from "./memory-queue.ts";
import type { QueuedMessage } from "./memory-queue.ts";

/** What bounds a broker in memory. */
export interface MemoryLimits {
  /** The most messages that wait in one queue; a publish that would make it more rejects with `CapacityError`. */
  readonly maxQueuedMessages: number;
  /** How many of the latest messages a new subscription with `startFrom: "earliest"` can still get. */
  readonly maxLogMessages: number;
}

/** The bounds unless somebody says otherwise. */
export const memoryLimits: MemoryLimits = { maxQueuedMessages: 1_000_000, maxLogMessages: 1_000 };

/**
 * The broker in memory itself: queues, a log of the latest messages, dead letters. Every driver with the same URL in one
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
  #sequence = 0;

  constructor(limits: MemoryLimits = memoryLimits) {
    this.#limits = limits;
  }

  /** Keeps a publish that is sent again once, as long as it is among the latest messages that the log has. */
  publish(record: OutboundRecord): Receipt {
    const queues = this.#queuesFor(record.address);
    const before = record.sending > 1 ? this.#sentBefore(record.publishToken) : undefined;
    if (before !== undefined) return { id: record.id, routed: queues.length > 0, position: String(before.sequence) };
    for (const queue of queues)
      if (queue.full)
        throw new CapacityError(
          `Queue "${queue.name}" in memory is full with ${queue.waiting} messages; let its subscription catch up.`,
          { topic: record.topic },
        );
    const kept: OutboundRecord = { ...record, body: copyOfBytes(record.body), headers: { ...record.headers } };
    const sequence = ++this.#sequence;
    this.#log.push({ record: kept, sequence, deliveries: 0 });
    if (this.#log.length > this.#limits.maxLogMessages) this.#log.shift();
    for (const queue of queues) queue.push({ record: kept, sequence, deliveries: 0 });
    return { id: record.id, routed: queues.length > 0, position: String(sequence) };
  }

  /** The queue of this name, made when it is not there. */
  queue(name: string, filter: string, durable: boolean, startFrom: "new" | "earliest"): MemoryQueue {
    const existing = this.#queues.get(name);
    if (existing !== undefined) return existing;
    const queue = new MemoryQueue(name, filter, durable, this.#limits.maxQueuedMessages);
    this.#queues.set(name, queue);
    this.#routes.clear();
    if (startFrom === "earliest")
      for (const message of this.#log.toArray())
        if (queue.wants(message.record.address)) queue.push({ ...message, deliveries: 0 });
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
