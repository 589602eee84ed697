import type {
  AbortOptions,
  Adapter,
  AdapterOptions,
  Broker,
  BrokerStatus,
  DeadLetterStore,
  Delivery,
  EffectiveCapabilities,
  LagProbe,
  OutboundRecord,
  Receipt,
  SubscribeRequest,
  Subscriber,
} from "../contract/index.ts";
import { unknownKeyProblems } from "../driver/known-keys.ts";
import { oncePerTurn } from "../driver/once-per-turn.ts";
import { StatusHub } from "../driver/status-hub.ts";
import { ClosedError, ConfigError } from "../errors.ts";
import { memoryDeadLetters } from "./memory-dead-letters.ts";
import { memoryServer } from "./memory-server.ts";
import type { MemoryServer } from "./memory-server.ts";
import { MemorySubscriber } from "./memory-subscriber.ts";

/** What the broker in memory does. */
export const memoryCapabilities = {
  atLeastOnce: "native",
  atMostOnce: "native",
  groups: "native",
  broadcast: "native",
  wildcards: "native",
  durable: "native",
  startFromEarliest: "native",
  headers: "native",
  emptyBody: "native",
  releaseOne: "native",
  delayedRelease: "native",
  deliveryCount: "native",
  keyOrderAcrossMembers: "unsupported",
  atMostOnceBackPressure: "native",
  routing: "native",
  publishDedupe: "native",
  retain: "native",
  expiry: "native",
  delay: "native",
  priority: "native",
  deadLetters: "native",
  replies: "native",
  lag: "native",
  memberNames: "unsupported",
} as const;

/** What `bus.native()` gives on the broker in memory: the server itself, which all drivers of the same address share. */
export type MemoryNativeClient = MemoryServer;

/**
 * The driver of the broker in memory: a real one, with groups, credit, durable subscriptions, redelivery and dead letters,
 * that lives as long as the process. The reference for every other driver.
 */
export class MemoryBroker implements Broker<typeof memoryCapabilities, MemoryNativeClient> {
  readonly name = "memory";
  readonly declared: typeof memoryCapabilities = memoryCapabilities;
  readonly native: MemoryNativeClient;
  readonly deadLetters: DeadLetterStore;
  readonly lag: LagProbe;
  readonly #status = new StatusHub();
  readonly #subscribers = new Set<MemorySubscriber>();
  /** Written in the next turn of the event loop, as a broker on the network would: else a publisher in a loop leaves nobody else a turn. */
  #confirms: (() => void)[] = [];
  readonly #confirmSoon: () => void = oncePerTurn(() => {
    const confirms = this.#confirms;
    this.#confirms = [];
    for (const confirm of confirms) confirm();
  });
  #disconnect: (() => void) | undefined;

  constructor(server: MemoryServer) {
    this.native = server;
    this.deadLetters = memoryDeadLetters(server.deadLetters);
    this.lag = { lag: (subscription) => Promise.resolve(server.waiting(subscription)) };
  }

  onStatus(listener: (status: BrokerStatus) => void): () => void {
    return this.#status.on(listener);
  }

  open(): Promise<EffectiveCapabilities> {
    this.#disconnect ??= this.native.connect(() => this.#cut());
    const effective: EffectiveCapabilities = {
      product: "memory",
      version: "1",
      supports: memoryCapabilities,
      limits: {},
      warnings: [],
    };
    this.#status.emit({ type: "connected", effective });
    return Promise.resolve(effective);
  }

  publish(record: OutboundRecord, options?: AbortOptions): Promise<Receipt> {
    return new Promise((resolve) => {
      options?.signal?.throwIfAborted();
      this.#assertOpen();
      const receipt = this.native.publish(record);
      this.#confirms.push(() => resolve(receipt));
      this.#confirmSoon();
    });
  }

  async subscribe(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    this.#assertOpen();
    const subscriber = new MemorySubscriber(this.native, request, sink, () => this.#subscribers.delete(subscriber));
    this.#subscribers.add(subscriber);
    return subscriber;
  }

  async close(): Promise<void> {
    this.#disconnect?.();
    this.#disconnect = undefined;
    await Promise.all([...this.#subscribers].map((subscriber) => subscriber.close()));
  }

  #cut(): void {
    for (const subscriber of this.#subscribers) {
      this.#status.emit({ type: "subscription", name: subscriber.name, connected: false });
      subscriber.reconnect();
      this.#status.emit({ type: "subscription", name: subscriber.name, connected: true });
    }
  }

  #assertOpen(): void {
    if (this.#disconnect === undefined)
      throw new ClosedError("The broker in memory is not open.", { broker: this.name });
  }
}

/**
 * Makes a driver for the broker in memory. `memory:` is one broker for the whole process, `memory://name` another.
 * Rejects unknown native options with a `ConfigError`.
 */
export function memory(options: AdapterOptions<object> = { url: "memory:" }): MemoryBroker {
  const problems = unknownKeyProblems(options.native ?? {}, [], "native");
  const match = /^memory:(?:\/\/([A-Za-z0-9_.-]*))?$/.exec(options.url);
  if (match === null)
    problems.push(`"${options.url}" is not a URL of a broker in memory; write memory: or memory://name`);
  if (problems.length > 0) throw new ConfigError(problems, { broker: "memory" });
  return new MemoryBroker(memoryServer(match?.[1] ?? ""));
}

/** The broker in memory, as a configuration finds it. */
export const adapter: Adapter = {
  name: "memory",
  schemes: ["memory"],
  declared: memoryCapabilities,
  create: memory,
};
