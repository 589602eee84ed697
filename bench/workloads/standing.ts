import { payloadMaker } from "../payload.ts";
import type { Payload } from "../payload.ts";
import { Meters } from "./meters.ts";
import { idleTopics, loadedTopic, subscribeToIdle } from "./workload.ts";
import type { Workload } from "./workload.ts";

/** From the start of the process until the first message was handled: loading, connecting, subscribing, publishing. */
export const startUp: Workload = async (client, assignment) => {
  const topic = loadedTopic(assignment);
  const payload = payloadMaker(assignment.payloadBytes)(0);
  const meters = new Meters();
  meters.start();
  await new Promise<Payload>((resolve, reject) => {
    client.subscribe(topic, resolve).then(
      () => {
        client.publish(topic, payload, undefined, (error) => {
          if (error !== undefined && error !== null) reject(new Error("The first publish failed.", { cause: error }));
        });
      },
      (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
    );
  });
  // Counted from the start of the process.
  const firstMessageMs = performance.now();
  return { ...meters.stop(1), duplicates: 0, extra: { firstMessageMs } };
};

/** What subscriptions cost that get nothing: memory of each, and the processor for all of them. */
export const idle: Workload = async (client, assignment) => {
  const { subscriptions, measureMs } = assignment;
  const [first, ...others] = idleTopics(assignment, subscriptions + 1);
  // What is loaded and connected with the first one is not counted.
  await client.subscribe(first ?? "", () => undefined);
  const before = settledMemory();
  await subscribeToIdle(client, others);
  const after = settledMemory();
  const cpu = process.cpuUsage();
  const meters = new Meters();
  meters.start();
  await new Promise((resolve) => setTimeout(resolve, measureMs));
  const { user, system } = process.cpuUsage(cpu);
  return {
    ...meters.stop(1),
    duplicates: 0,
    extra: {
      heapBytesEach: (after.heapUsed + after.external - before.heapUsed - before.external) / subscriptions,
      residentBytesEach: (after.rss - before.rss) / subscriptions,
      processorPercent: (user + system) / measureMs / 10,
    },
  };
};

function settledMemory(): NodeJS.MemoryUsage {
  globalThis.gc?.();
  return process.memoryUsage();
}
