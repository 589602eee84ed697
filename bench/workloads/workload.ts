import type { Client } from "../clients/client.ts";
import type { Assignment, Sample } from "../measurement.ts";

/** Does one thing with one client and measures it. Rejects when a message got lost or was refused. */
export type Workload = (client: Client, assignment: Assignment) => Promise<Sample>;

/** The topic that gets the messages. */
export function loadedTopic({ name }: Assignment): string {
  return `${name}.seattle.temperature`;
}

/** One of those that get none. */
export function idleTopic({ name }: Assignment, index: number): string {
  return `${name}.idle.number-${index}`;
}

/** Spreads messages over keys; without keys none has one. */
export function keysOf({ keys }: Assignment): (index: number) => string | undefined {
  if (keys === 0) return () => undefined;
  const names = Array.from({ length: keys }, (_, key) => `key-${key}`);
  return (index) => names[index % keys];
}
