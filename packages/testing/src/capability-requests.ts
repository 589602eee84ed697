import assert from "node:assert/strict";
import { topic as typedTopic } from "@busbar/core";
import type { Bus, UnsupportedError } from "@busbar/core";
import type { CapabilityName } from "@busbar/core/contract";
import { BusError } from "@busbar/core/driver";
import type { Scene } from "./scene/scene.ts";

type Ask = (bus: Bus, topic: string, group: string) => Promise<unknown>;

const ignore = (): void => undefined;

/** How to ask the bus for what has a call or an option of its own. */
const ownRequests: Readonly<Partial<Record<CapabilityName, Ask>>> = {
  atLeastOnce: (bus, topic) => bus.publish(topic, 1, { delivery: "at-least-once" }),
  atMostOnce: (bus, topic) => bus.publish(topic, 1, { delivery: "at-most-once" }),
  groups: (bus, topic, group) => bus.subscribe(topic, { group }, ignore),
  broadcast: (bus, topic) => bus.subscribe(topic, ignore),
  wildcards: (bus, topic) => bus.subscribe(`${topic}.*`, ignore),
  durable: (bus, topic) => bus.subscribe(topic, { durable: true }, ignore),
  startFromEarliest: (bus, topic) => bus.subscribe(topic, { startFrom: "earliest" }, ignore),
  headers: (bus, topic) => bus.publish(topic, 1, { headers: { one: "1" } }),
  deliveryCount: (bus, topic, group) => bus.subscribe(topic, { group, maxDeliveries: 2 }, ignore),
  routing: (bus, topic) => bus.publish(topic, 1, { requireSubscriber: true }),
  retain: (bus, topic) => bus.publish(topic, 1, { retain: true }),
  expiry: (bus, topic) => bus.publish(topic, 1, { expiresInMs: 60_000 }),
  delay: (bus, topic) => bus.publish(topic, 1, { delayMs: 1_000 }),
  priority: (bus, topic) => bus.publish(topic, 1, { priority: 1 }),
  deadLetters: (bus, topic, group) => bus.subscribe(topic, { group }, ignore),
  publishDedupe: (bus, topic) => bus.publish(typedTopic(topic, { requires: ["publishDedupe"] }), 1),
  replies: (bus, topic) => bus.request(topic, 1, { timeoutMs: 1_000 }),
};

/** Holds when asking the bus for a capability that the server does not have is a typed error that names it. */
export async function refusesToPretend(scene: Scene, bus: Bus, capability: CapabilityName): Promise<void> {
  // What is only used, or only reported, can still be required outright.
  const ask: Ask =
    ownRequests[capability] ??
    ((...[, topic, group]) => bus.subscribe(topic, { group, requires: [capability] }, ignore));
  await assert.rejects(
    scene.within(
      `asking for ${capability} is answered`,
      ask(bus, scene.topic("asked", capability), scene.group(capability)),
    ),
    (error: unknown) => namesCapability(error, capability),
    `${capability} is unsupported, so asking for it is an UnsupportedError that names it`,
  );
}

function namesCapability(error: unknown, capability: CapabilityName): boolean {
  if (!BusError.is(error) || error.code !== "BUSBAR_UNSUPPORTED") return false;
  const { needs } = error as UnsupportedError;
  return needs.some((need) => need.capability === capability && need.detail.length > 0);
}
