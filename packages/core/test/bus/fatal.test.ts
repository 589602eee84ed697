import { afterEach, describe, expect, it, vi } from "vitest";
import { Bus, MemoryBroker, RefusedError } from "../../src/index.ts";
import type { BusSettings, SubscribeOptions } from "../../src/index.ts";
import type { BrokerStatus, Delivery, Subscriber, SubscribeRequest } from "../../src/contract/index.ts";
import { MemoryServer } from "../../src/memory/memory-server.ts";
import { settingsOn } from "./bus-settings.ts";
import { until } from "./until.ts";

const open: Bus[] = [];

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((bus) => bus.close({ deadlineMs: 0 })));
});

/** The broker in memory, that says of itself what a test has it say. */
class TellingBroker extends MemoryBroker {
  readonly names: string[] = [];
  readonly closed: string[] = [];
  /** Whoever subscribes waits for it. */
  answer: Promise<unknown> = Promise.resolve();
  readonly #listeners: ((status: BrokerStatus) => void)[] = [];

  override onStatus(listener: (status: BrokerStatus) => void): () => void {
    this.#listeners.push(listener);
    return super.onStatus(listener);
  }

  override async subscribe(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    this.names.push(request.name);
    await this.answer;
    const subscriber = await super.subscribe(request, sink);
    const close = subscriber.close.bind(subscriber);
    return Object.assign(subscriber, {
      close: () => {
        this.closed.push(request.name);
        return close();
      },
    });
  }

  tell(status: BrokerStatus): void {
    for (const listener of this.#listeners) listener(status);
  }
}

const error = new RefusedError("somebody deleted the queue", { code: "BUSBAR_NOT_FOUND" });

interface Told {
  readonly broker: TellingBroker;
  readonly bus: Bus;
  readonly warnings: readonly string[];
}

async function told(start: BusSettings["start"] = "foreground"): Promise<Told> {
  const broker = new TellingBroker(new MemoryServer());
  const warnings: string[] = [];
  const logger = { info: () => undefined, warn: (text: string) => void warnings.push(text), error: () => undefined };
  const bus = new Bus(settingsOn(broker, { start, logger }));
  open.push(bus);
  await bus.open();
  return { broker, bus, warnings };
}

/** What a broker says when a subscription, or all of it, will not come back. */
const endings: readonly (readonly [string, (broker: TellingBroker) => void])[] = [
  ["a subscription", (broker) => broker.tell({ type: "fatal", error, name: broker.names[0] ?? "" })],
  ["the whole broker", (broker) => broker.tell({ type: "fatal", error })],
];

describe.each(endings)("%s that failed for good", (_, fail) => {
  it("rejects whoever waits for a message, and whoever asks for one later", async () => {
    const { broker, bus } = await told();
    const stream = await bus.messages("a", { group: "g" });
    const asked = [stream.next(), stream.next()];
    fail(broker);
    for (const result of asked) await expect(result).rejects.toBe(error);
    await expect(stream.next()).rejects.toBe(error);
    await stream.close();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("ends a loop over messages with its error", async () => {
    const { broker, bus } = await told();
    const stream = await bus.messages("a", { group: "g", concurrency: 2 });
    await bus.publish("a", 1);
    const loop = async (): Promise<void> => {
      for await (const { message } of stream) {
        message.ack();
        fail(broker);
      }
    };
    await expect(loop()).rejects.toBe(error);
  });

  it("is seen, with the reason, until it is closed, and lets go at the broker by itself", async () => {
    const { broker, bus } = await told();
    const subscription = await bus.subscribe("a", { group: "g" }, () => undefined);
    fail(broker);
    expect(bus.health().subscriptions).toMatchObject([{ state: "failed", lastError: error.message }]);
    expect(bus.health().status).not.toBe("ok");
    await expect.poll(() => broker.closed).toEqual(broker.names);
    expect(bus.health().subscriptions).toMatchObject([{ state: "failed" }]);
    await subscription.close();
    expect(bus.health().subscriptions).toEqual([]);
  });

  it("begins no more runs, lets the one that runs end, and gives back the rest", async () => {
    const { broker, bus } = await told();
    const seen: unknown[] = [];
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const subscription = await bus.subscribe("a", { group: "g" }, async (payload) => {
      seen.push(payload);
      await ended;
    });
    for (const payload of [1, 2]) await bus.publish("a", payload);
    await expect.poll(() => seen).toEqual([1]);
    fail(broker);
    end();
    await expect.poll(() => broker.closed).toHaveLength(1);
    expect(seen).toEqual([1]);
    expect(subscription.health()).toMatchObject({ handled: 1, waiting: 0, running: 0 });
    expect(broker.native.waiting(broker.names[0] ?? "")).toBe(1);
  });

  it("is closed with its bus in the time that the bus is given", async () => {
    const { broker, bus } = await told();
    const aborted: unknown[] = [];
    await bus.subscribe("a", { group: "g" }, (_payload, { signal }) => {
      signal.addEventListener("abort", () => void aborted.push(signal.reason));
      return new Promise(() => undefined);
    });
    await bus.publish("a", 1);
    await expect.poll(() => bus.health().subscriptions[0]?.running).toBe(1);
    fail(broker);
    await bus.close({ deadlineMs: 0 });
    expect(aborted).toMatchObject([{ code: "BUSBAR_CLOSED" }]);
  });

  it("keeps no batch, and no ear for the caller's signal", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { broker, bus } = await told();
    const batches: unknown[] = [];
    const ears = new CountedSignal();
    const options: SubscribeOptions = { group: "g", signal: ears.signal };
    const batch = { ...options, maxSize: 9, maxWaitMs: 60 };
    const subscription = await bus.subscribeBatch("a.*", batch, (messages) => void batches.push(messages));
    expect(ears.count).toBe(1);
    await bus.publish("a.b", 1);
    await until(() => subscription.health().running === 1);
    fail(broker);
    expect(ears.count).toBe(0);
    // Longer than the batch would have waited: what comes late is what this is about.
    await vi.advanceTimersByTimeAsync(100);
    expect(batches).toEqual([]);
    const closed = subscription.close({ deadlineMs: 0 });
    await vi.advanceTimersByTimeAsync(0);
    await closed;
  });

  it("rejects a subscribe that is under way, and leaves nothing behind", async () => {
    const { broker, bus } = await told();
    let answer: () => void = () => undefined;
    broker.answer = new Promise<void>((resolve) => (answer = resolve));
    const subscribing = bus.subscribe("a", () => undefined).catch((thrown: unknown) => thrown);
    await expect.poll(() => broker.names).toHaveLength(1);
    fail(broker);
    expect(await subscribing).toBe(error);
    expect(bus.health().subscriptions).toEqual([]);
    answer();
    await expect.poll(() => broker.closed).toEqual(broker.names);
  });
});

/** A signal that counts who listens to it. */
class CountedSignal {
  count = 0;
  readonly signal: AbortSignal;

  constructor() {
    const { signal } = new AbortController();
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    this.signal = Object.assign(signal, {
      addEventListener: (...call: Parameters<typeof add>) => {
        this.count++;
        add(...call);
      },
      removeEventListener: (...call: Parameters<typeof remove>) => {
        this.count--;
        remove(...call);
      },
    });
  }
}

describe("publishing that failed for good", () => {
  it("rejects every publish with the error, and leaves subscriptions alone", async () => {
    const { broker, bus } = await told();
    const seen: unknown[] = [];
    await bus.subscribe("a", { group: "g" }, (payload) => void seen.push(payload));
    broker.tell({ type: "fatal", error, only: "publishing" });
    await expect(bus.publish("a", 1)).rejects.toBe(error);
    expect(bus.health()).toMatchObject({
      status: "down",
      brokers: [{ state: "failed", lastError: error.message }],
      subscriptions: [{ state: "running" }],
    });
    const record = { topic: "a", address: "a", id: "1", body: new TextEncoder().encode("2"), headers: {} };
    const how = { contentType: "application/json", delivery: "at-least-once", timestamp: 0, sending: 1 } as const;
    await broker.publish({ ...record, ...how, publishToken: "1" });
    await expect.poll(() => seen).toEqual([2]);
  });
});

describe("a subscription that failed for good", () => {
  it("leaves the others of its broker alone", async () => {
    const { broker, bus } = await told();
    await bus.subscribe("a", { group: "g" }, () => undefined);
    const seen: unknown[] = [];
    await bus.subscribe("b", { group: "g" }, (payload) => void seen.push(payload));
    broker.tell({ type: "fatal", error, name: broker.names[0] ?? "" });
    await bus.publish("b", 1);
    await expect.poll(() => seen).toEqual([1]);
    expect(bus.health()).toMatchObject({
      status: "degraded",
      subscriptions: [{ state: "failed" }, { state: "running" }],
    });
  });

  it("counts no longer among the filters of its group", async () => {
    const { broker, bus, warnings } = await told();
    await bus.subscribe("a.*", { group: "g" }, () => undefined);
    broker.tell({ type: "fatal", error, name: broker.names[0] ?? "" });
    await bus.subscribe("a.b", { group: "g" }, () => undefined);
    expect(warnings).toEqual([]);
  });

  it("that never began ends a loop over its messages with its error as well", async () => {
    const { broker, bus } = await told("background");
    let answer: () => void = () => undefined;
    broker.answer = new Promise<void>((resolve) => (answer = resolve));
    const stream = await bus.messages("a", { group: "g" });
    const asked = stream.next().catch((thrown: unknown) => thrown);
    await expect.poll(() => broker.names).toHaveLength(1);
    broker.tell({ type: "fatal", error, name: broker.names[0] ?? "" });
    answer();
    expect(await asked).toBe(error);
  });
});
