import { connect } from "@busbar/core";
import type { Bus } from "@busbar/core";
import type { BrokerStatus } from "@busbar/core/contract";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import type { BrokerInstance } from "../../../tools/brokers/index.mjs";
import { amqp } from "../src/index.ts";
import { brokerUrl } from "./broker-url.ts";
import { unique } from "./fixtures.ts";

const possible = brokerUrl !== undefined && (await canStartInstance("rabbitmq"));
if (!possible) console.warn("Skipped: no RabbitMQ can be started here.");

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const soon = { timeout: 20_000, interval: 10 };
let server: BrokerInstance;

/** One process of a service, with what its broker tells. */
async function open(): Promise<{ bus: Bus; told: BrokerStatus[] }> {
  const broker = amqp({ url: server.url });
  const told: BrokerStatus[] = [];
  broker.onStatus((status) => told.push(status));
  return { bus: await connect({ service: "held", instance: "held-0", brokers: { main: broker }, logger }), told };
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
});
