import type { Bus } from "@busbar/core";
import type { AmqpNativeClient } from "@busbar/amqp";
import { describe, expect, it } from "vitest";
import { allBrokers, describeOn, realBrokers } from "./brokers.ts";
import type { TestBroker } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";

const redis: TestBroker = {
  name: "redis",
  url: process.env["BUSBAR_TEST_REDIS_URL"] || undefined,
  variable: "BUSBAR_TEST_REDIS_URL",
};
const named = (...names: readonly TestBroker["name"][]): TestBroker[] =>
  [...allBrokers, redis].filter(({ name }) => names.includes(name));

const forEver = (): Promise<never> => new Promise(() => undefined);
const only = (bus: Bus) => bus.health().subscriptions[0];

describeOn(named("memory", "amqp", "nats", "kafka", "redis"), "health()", ({ url }) => {
  const buses = new OpenBuses();

  it("says how far a subscription is behind, where the broker can tell", async () => {
    const [topic, group] = [unique("behind"), unique("g")];
    const bus = await buses.connect(url);
    await bus.subscribe(topic, { group, maxInFlight: 1 }, forEver);
    buses.forgetLater(bus, topic, { group });
    for (const number of [1, 2, 3, 4]) await bus.publish(topic, number);
    await expect.poll(() => only(bus)?.lag, { timeout: 15_000 }).toBeGreaterThanOrEqual(3);
    expect(only(bus)?.names).toEqual([expect.stringContaining(`${group}-${topic}`)]);
  });
});

describeOn(named("mqtt", "nats"), "health()", ({ url }) => {
  const buses = new OpenBuses();

  it("counts what a subscription that was full let go of, for it alone and for its broker", async () => {
    const topic = unique("full");
    const bus = await buses.connect(url);
    await bus.subscribe(topic, { delivery: "at-most-once", maxInFlight: 1 }, forEver);
    await bus.subscribe(topic, () => undefined);
    for (let number = 0; number < 20; number++) await bus.publish(topic, number);
    await expect.poll(() => bus.health().subscriptions[0]?.dropped, { timeout: 10_000 }).toBeGreaterThan(10);
    expect(bus.health().subscriptions[1]?.dropped).toBe(0);
    expect(bus.health().brokers[0]?.dropped).toBe(bus.health().subscriptions[0]?.dropped);
  });
});

describeOn(allBrokers, "health()", ({ url }) => {
  const buses = new OpenBuses();

  it("counts as discarded what is kept nowhere, and only that", async () => {
    const [topic, group] = [unique("discarded"), unique("g")];
    const bus = await buses.connect(url);
    const fail = (): never => {
      throw new Error("no");
    };
    await bus.subscribe(topic, { group, retry: { attempts: 1 }, deadLetter: false }, fail);
    buses.forgetLater(bus, topic, { group });
    await bus.publish(topic, 1);
    await expect.poll(() => only(bus), { timeout: 15_000 }).toMatchObject({ discarded: 1, deadLettered: 0, failed: 1 });
  });
});

const rabbit = realBrokers.find(({ name }) => name === "amqp")?.url;

describe.skipIf(rabbit === undefined)("health() on amqp", () => {
  const buses = new OpenBuses();

  it("says that a subscription lost its place", async () => {
    const [topic, group] = [unique("lost"), unique("g")];
    const bus = await buses.connect(rabbit ?? "");
    await bus.subscribe(topic, { group }, () => undefined);
    buses.forgetLater(bus, topic, { group });
    expect(only(bus)).toMatchObject({ positionsLost: 0, lastPositionLost: undefined });
    const channel = await bus.native<AmqpNativeClient>().createChannel();
    await channel.deleteQueue(only(bus)?.names[0] ?? "");
    await channel.close();
    await expect.poll(() => only(bus)?.positionsLost, { timeout: 15_000 }).toBe(1);
    expect(only(bus)?.lastPositionLost).toContain("was gone");
    await expect.poll(() => bus.health().status, { timeout: 15_000 }).toBe("ok");
  });
});
