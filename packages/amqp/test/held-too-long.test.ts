import { connect, RetryLater } from "@busbar/core";
import type { Bus, DeadLetter, DeadLetters, Message } from "@busbar/core";
import type { BrokerStatus } from "@busbar/core/contract";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import type { BrokerInstance } from "../../../tools/brokers/index.mjs";
import { amqp } from "../src/index.ts";
import type { AmqpNativeOptions } from "../src/index.ts";
import { brokerUrl } from "./broker-url.ts";
import { silent, unique } from "./fixtures.ts";

const possible = brokerUrl !== undefined && (await canStartInstance("rabbitmq"));
if (!possible) console.warn("Skipped: no RabbitMQ can be started here.");

const soon = { timeout: 20_000, interval: 10 };
let server: BrokerInstance;

/** One process of a service, with what its broker tells. */
async function open(native: AmqpNativeOptions = {}): Promise<{ bus: Bus; told: BrokerStatus[] }> {
  const broker = amqp({ url: server.url, native });
  const told: BrokerStatus[] = [];
  broker.onStatus((status) => told.push(status));
  return {
    bus: await connect({ service: "held", instance: "held-0", brokers: { main: broker }, logger: silent }),
    told,
  };
}

/** What is subscribed to there by who knows how long it lets a message be held. */
const brief = { consumerTimeoutMs: 1_000 };
const unordered = { handlerTimeoutMs: 1_000, order: "none" } as const;

async function listed(dead: DeadLetters): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of dead.list()) found.push(letter);
  return found;
}

describe.skipIf(!possible)("a RabbitMQ that takes back what is held for longer than a second", () => {
  beforeAll(async () => {
    server = await startInstance("rabbitmq", {
      label: "amqp",
      config: {
        settings: { consumer_timeout: 1_000 },
        // How often it looks; a minute otherwise.
        files: { "advanced.config": "[{rabbit, [{channel_tick_interval, 500}]}].\n" },
      },
    });
  }, 120_000);

  afterAll(async () => {
    await server?.destroy();
  }, 60_000);

  it("does not run a handler twice that it takes the message from, and the subscription goes on", async () => {
    const topic = unique("a.");
    const options = { group: unique("g"), concurrency: 1, deadLetter: false } as const;
    const { bus, told } = await open();
    const runs: unknown[] = [];
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const subscription = await bus.subscribe(topic, options, async (payload) => {
      runs.push(payload);
      if (payload === "slow") await ended;
    });
    await bus.publish(topic, "slow", { key: "k" });
    await bus.publish(topic, "behind", { key: "k" });
    const lost = (): number => told.filter((status) => status.type === "subscription" && !status.connected).length;
    const back = (): number => told.filter((status) => status.type === "subscription" && status.connected).length;
    await vi.waitUntil(() => lost() > 0 && back() === lost(), soon);
    expect(runs).toEqual(["slow"]);
    end();
    await vi.waitUntil(() => runs.includes("behind"), soon);
    await bus.publish(topic, "last", { key: "k" });
    await vi.waitUntil(() => runs.includes("last"), soon);
    expect(runs).toEqual(["slow", "behind", "last"]);
    await vi.waitUntil(() => subscription.health().state === "running", soon);
    expect(subscription.health()).toMatchObject({ failed: 0, handled: 3 });
    await bus.close();

    const next = await open();
    const left: unknown[] = [];
    await next.bus.subscribe(topic, options, (payload) => void left.push(payload));
    await next.bus.publish(topic, "new");
    await vi.waitUntil(() => left.length > 0, soon);
    expect(left).toEqual(["new"]);
    await next.bus.close();
  }, 90_000);

  it("holds itself what has to wait for longer, for whoever has the group then, and the count of attempts goes along", async () => {
    const topic = unique("a.");
    const group = unique("g");
    const [first, second, watcher] = [await open(brief), await open(brief), await open(brief)];
    const runs: { attempt: number; redelivered: boolean; headers: unknown; at: number }[] = [];
    const run = ({ attempt, redelivered, headers }: Message): void =>
      void runs.push({ attempt, redelivered, headers, at: performance.now() });
    const retry = { attempts: 3, backoffMs: 1, maxBackoffMs: 1 };
    const options = { ...unordered, group, retry } as const;
    const subscription = await first.bus.subscribe(topic, options, (_, message) => {
      run(message);
      if (runs.length === 1) throw new Error("the first attempt");
      throw new RetryLater(1_500);
    });
    const seen: unknown[] = [];
    await watcher.bus.subscribe(
      topic,
      { group: unique("g"), handlerTimeoutMs: 1_000, retry },
      (payload) => void seen.push(payload),
    );
    await first.bus.publish(topic, "m", { headers: { own: "1" }, key: "k" });
    await vi.waitUntil(() => runs.length >= 3, soon);
    expect(subscription.health()).toMatchObject({ failed: 1, running: 0 });
    expect(first.told.filter(({ type }) => type === "subscription")).toEqual([]);
    await first.bus.close();
    await second.bus.subscribe(topic, options, (_, message) => {
      run(message);
      throw new Error("no");
    });
    await vi.waitUntil(() => runs.length >= 5, soon);
    expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2, 2, 2, 3]);
    expect(runs.map(({ redelivered }) => redelivered)).toEqual([false, false, true, true, true]);
    expect(runs.map(({ headers }) => headers)).toEqual(Array.from({ length: 5 }, () => ({ own: "1" })));
    const [, asked = 0, later = 0, last = 0] = runs.map(({ at }) => at);
    expect(Math.min(later - asked, last - later)).toBeGreaterThanOrEqual(1_500);
    const dead = second.bus.deadLetters(group);
    await vi.waitUntil(async () => (await listed(dead)).length > 0, soon);
    expect(await listed(dead)).toMatchObject([{ reason: "attempts-exhausted", attempts: 3 }]);
    expect(seen).toEqual(["m"]);
    await second.bus.close();
    await watcher.bus.close();
  }, 60_000);

  it("counts its deliveries on over that, and holds nothing of a key that keeps its order", async () => {
    const { bus, told } = await open(brief);
    const [topic, group] = [unique("a."), unique("g")];
    const runs: string[] = [];
    await bus.subscribe<string>(topic, { ...unordered, group, maxDeliveries: 2 }, (payload) => {
      runs.push(payload);
      throw new RetryLater(1_001);
    });
    await bus.publish(topic, "m");
    const dead = bus.deadLetters(group);
    await vi.waitUntil(async () => (await listed(dead)).length > 0, soon);
    expect(await listed(dead)).toMatchObject([{ reason: "deliveries-exhausted" }]);
    expect(runs).toEqual(["m", "m"]);

    const keyed = unique("a.");
    const options = { group: unique("g"), handlerTimeoutMs: 1_000, retry: { attempts: 2, backoffMs: 100 } };
    const subscription = await bus.subscribe<string>(keyed, options, (payload, { attempt }) => {
      runs.push(payload);
      if (payload === "first" && attempt === 1) throw new RetryLater(1_001);
    });
    for (const payload of ["first", "second"]) await bus.publish(keyed, payload, { key: "k" });
    await vi.waitUntil(() => runs.includes("second"), soon);
    expect(runs).toEqual(["m", "m", "first", "first", "second"]);
    expect(subscription.health().lastError).toContain('order: "none"');
    const waiting = { retry: { attempts: 2, backoffMs: 1_001 } };
    await expect(bus.subscribe(unique("a."), { ...options, ...waiting }, () => 1)).rejects.toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
      message: expect.stringContaining('order: "none"') as string,
    });
    await bus.subscribe(unique("a."), { ...unordered, ...waiting }, () => 1);
    expect(told.filter(({ type }) => type === "subscription")).toEqual([]);
    await bus.close();
  }, 60_000);
});
