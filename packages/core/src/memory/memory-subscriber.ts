import type { Delivery, Outcome, SubscribeRequest, Subscriber } from "../contract/index.ts";
import { HandOut } from "../driver/hand-out.ts";
import { Slots } from "../driver/slots.ts";
import { MemoryArrival } from "./memory-arrival.ts";
import type { Settlements } from "./memory-arrival.ts";
import type { MemoryQueue, QueueMember } from "./memory-queue.ts";
import type { MemoryServer } from "./memory-server.ts";
import type { QueuedMessage } from "./queued-message.ts";

/** One member of a queue in memory, with its credit. */
export class MemorySubscriber implements Subscriber, QueueMember, Settlements {
  readonly #server: MemoryServer;
  readonly #request: SubscribeRequest;
  readonly #handOut: HandOut;
  readonly #unsettled = new Slots<QueuedMessage>();
  readonly #ended: () => void;
  #queue: MemoryQueue;
  #closed = false;

  constructor(server: MemoryServer, request: SubscribeRequest, sink: (delivery: Delivery) => void, ended: () => void) {
    this.#server = server;
    this.#request = request;
    this.#ended = ended;
    this.#handOut = new HandOut({ credit: request.maxInFlight, sink });
    this.#queue = this.#join();
  }

  get name(): string {
    return this.#request.name;
  }

  #join(): MemoryQueue {
    const { name, filter, durable, startFrom } = this.#request;
    const queue = this.#server.queue(name, filter, durable, startFrom);
    queue.join(this);
    return queue;
  }

  take(message: QueuedMessage): boolean {
    if (this.#handOut.full) return false;
    message.deliveries++;
    this.#handOut.offer(new MemoryArrival(message, this.#unsettled.add(message), this));
    return true;
  }

  /** @internal */
  settled({ message, place }: MemoryArrival, outcome: Outcome, delayMs: number | undefined): void {
    this.#unsettled.remove(place);
    if (outcome === "release") {
      const queue = this.#queue;
      if (delayMs === undefined || delayMs <= 0) queue.giveBack([message]);
      else setTimeout(() => queue.giveBack([message]), delayMs);
    } else this.#queue.pump();
  }

  /** What a cut connection does: everything out is stale, and comes again. */
  reconnect(): void {
    if (this.#closed) return;
    this.#giveBack();
    this.#join();
  }

  #giveBack(): void {
    this.#queue.leave(this);
    const messages = this.#unsettled.takeAll();
    this.#handOut.endGeneration();
    this.#queue.giveBack(messages);
  }

  stop(): Promise<void> {
    this.#handOut.stop();
    this.#queue.leave(this);
    this.#queue.pump();
    return Promise.resolve();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.stop();
    this.#giveBack();
    if (!this.#request.durable && this.#queue.abandoned) this.#server.removeQueue(this.#request.name);
    this.#ended();
  }

  pause(): void {
    this.#handOut.pause();
  }

  resume(): void {
    this.#handOut.resume();
    this.#queue.pump();
  }

  async remove(): Promise<void> {
    await this.close();
    this.#server.removeQueue(this.#request.name);
  }
}
