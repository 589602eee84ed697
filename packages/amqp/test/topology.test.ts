import { expect, it } from "vitest";
import { amqpSettings } from "../src/options.ts";
import { countsDeliveries, queueOptions } from "../src/topology.ts";
import { errorOf, foreignChannel, onRabbit, openBroker, record, request, unique } from "./fixtures.ts";

const settings = amqpSettings({ url: "amqp://host" });
const quorum = { durable: true, arguments: expect.objectContaining({ "x-queue-type": "quorum" }) as object };
const passing = { durable: true, expires: 60_000 };

it.each([
  ["a durable group", { group: "g", durable: true }, quorum],
  ["a group that is not durable", { group: "g", durable: false }, quorum],
  ["a durable subscription of one process", { durable: true }, quorum],
  ["a durable group that wants messages at most once", { group: "g", durable: true, delivery: "at-most-once" }, quorum],
  ["responders, who share requests at most once", { group: "g", durable: false, delivery: "at-most-once" }, passing],
] as const)("the queue of %s is kept as long as it has to be", (_, changes, expected) => {
  expect(queueOptions(request("a", changes), settings)).toEqual(expected);
  expect(countsDeliveries(request("a", changes), settings)).toBe(expected === quorum);
});

it("the queue of a broadcast goes with its subscriber", () => {
  const { group: _, ...broadcast } = request("a", { durable: false });
  expect(queueOptions(broadcast, settings)).toEqual(passing);
  expect(countsDeliveries(broadcast, settings)).toBe(false);
});

it("no queue has a tunable among its arguments, which nobody could change later, and none lets the broker drop what it counts", () => {
  const tuned = { maxInFlight: 1, graceMs: 1_000, startFrom: "new" } as const;
  for (const owner of [{ group: "g" }, { durable: true }]) {
    const plain = queueOptions(request("a", owner), settings);
    expect(queueOptions(request("a", { ...owner, ...tuned }), settings)).toEqual(plain);
    expect(plain.arguments).toEqual({ "x-queue-type": "quorum", "x-delivery-limit": 2_147_483_647 });
  }
});

onRabbit("forgetting a subscription", () => {
  it("makes nothing where there was none, and asks neither for what is kept nor how its queue was made", async () => {
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    const [before, after] = [await openBroker(), await openBroker({ native: { queueType: "classic" } })];
    await after.forget(asked);
    expect(await errorOf((await foreignChannel()).checkQueue(asked.name))).toMatchObject({ code: 404 });
    await (await before.subscribe(asked, () => undefined)).close();
    await before.publish(record(topic, "kept"));
    expect(await errorOf(after.subscribe(asked, () => undefined))).toMatchObject({ retryable: false });
    await after.forget(asked);
    expect(await errorOf((await foreignChannel()).checkQueue(asked.name))).toMatchObject({ code: 404 });
  });
});
