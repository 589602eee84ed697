import { publishWindow } from "../clients/client.ts";
import type { Client, Handle } from "../clients/client.ts";
import type { Assignment, Sample } from "../measurement.ts";
import { payloadMaker } from "../payload.ts";
import { Meters } from "./meters.ts";
import { Pump } from "./pump.ts";
import { Tally } from "./tally.ts";
import { idleTopics, keysOf, loadedTopic, subscribeToIdle } from "./workload.ts";
import type { Workload } from "./workload.ts";

/**
 * From publish to the end of the handler, as fast as it goes: publishes for a time, and counts until the last of them was handled. At most
 * once nobody confirms and a slow reader loses messages, so no more than a window is on its way.
 */
export const endToEnd: Workload = (client, assignment) => fromPublishToHandler(client, assignment, client.window);

/** The same with `await` before each publish: one is confirmed before the next begins. */
export const awaited: Workload = (client, assignment) => fromPublishToHandler(client, assignment, 1);

async function fromPublishToHandler(
  client: Client,
  assignment: Assignment,
  unconfirmedAtMost: number,
): Promise<Sample> {
  const { delivery, warmUpMs, measureMs, payloadBytes, concurrency, subscriptions } = assignment;
  const topic = loadedTopic(assignment);
  const tally = new Tally(() => pump.handled());
  const pump: Pump = new Pump({
    client,
    topic,
    payloadOf: payloadMaker(payloadBytes),
    keyOf: keysOf(assignment),
    unhandledAtMost: delivery === "at-least-once" ? Infinity : publishWindow,
    unconfirmedAtMost,
  });
  await subscribeToIdle(client, idleTopics(assignment, subscriptions - 1));
  await client.subscribe(topic, concurrency === 0 ? (payload) => tally.take(payload) : afterOneTurn(tally));
  await pump.warmUp(warmUpMs);
  await tally.whenHandled(pump.published);
  const before = pump.published;
  const meters = new Meters();
  meters.start();
  await pump.run(measureMs);
  await tally.whenHandled(pump.published);
  const sample = meters.stop(pump.published - before);
  return { ...sample, duplicates: tally.duplicates };
}

/** A handler that takes one turn of the event loop, so that several can run at the same time. */
function afterOneTurn(tally: Tally): Handle {
  return (payload) =>
    new Promise((resolve) => {
      setImmediate(() => {
        tally.take(payload);
        resolve();
      });
    });
}
