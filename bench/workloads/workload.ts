import type { Client } from "../clients/client.ts";
import type { Assignment, Sample } from "../measurement.ts";

/** Does one thing with one client and measures it. Rejects when a message got lost or was refused. */
export type Workload = (client: Client, assignment: Assignment) => Promise<Sample>;

/** Makes one client ready, and resolves to what measures it, each time it is called: for what takes long to be as it will stay. */
export type WarmWorkload = (client: Client, assignment: Assignment) => Promise<() => Promise<Sample>>;

/** The topic that gets the messages. */
export function loadedTopic({ name }: Assignment): string {
  return `${name}.seattle.temperature`;
}

/** Topics that get none. */
export function idleTopics({ name }: Assignment, howMany: number): readonly string[] {
  return Array.from({ length: howMany }, (_, index) => `${name}.idle.number-${index}`);
}

/** Subscribes to topics that nobody publishes to, as the client does that best. */
export async function subscribeToIdle(client: Client, topics: readonly string[]): Promise<void> {
  if (topics.length === 0) return;
  if (client.subscribeIdle !== undefined) return client.subscribeIdle(topics, unexpected);
  for (const topic of topics) await client.subscribe(topic, unexpected);
}

function unexpected(): never {
  throw new Error("A message came to a topic that nobody published to.");
}

/** Spreads messages over keys; without keys none has one. */
export function keysOf({ keys }: Pick<Assignment, "keys">): (index: number) => string | undefined {
  if (keys === 0) return () => undefined;
  const names = Array.from({ length: keys }, (_, key) => `key-${key}`);
  return (index) => names[index % keys];
}
