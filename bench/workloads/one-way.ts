import { payloadMaker } from "../payload.ts";
import { Meters } from "./meters.ts";
import { Pump } from "./pump.ts";
import { Tally } from "./tally.ts";
import { keysOf, loadedTopic } from "./workload.ts";
import type { Workload } from "./workload.ts";

/** Publishing alone: into a subscription that is kept while nobody reads. */
export const publishOnly: Workload = async (client, assignment) => {
  const topic = loadedTopic(assignment);
  const reader = await client.subscribe(topic, () => undefined);
  await reader.stop();
  const { payloadBytes, warmUpMs, measureMs } = assignment;
  const pump = new Pump({
    client,
    topic,
    payloadOf: payloadMaker(payloadBytes),
    keyOf: keysOf(assignment),
    unhandledAtMost: Infinity,
  });
  await pump.warmUp(warmUpMs);
  const before = pump.published;
  const meters = new Meters();
  meters.start();
  await pump.run(measureMs);
  return { ...meters.stop(pump.published - before), duplicates: 0 };
};

/** Reading alone: what was published before anybody read, from the call of subscribe to the last message. */
export const consumeOnly: Workload = async (client, assignment) => {
  const topic = loadedTopic(assignment);
  const { payloadBytes, warmUpMs, measureMs } = assignment;
  const tally = new Tally();
  const pump = new Pump({
    client,
    topic,
    payloadOf: payloadMaker(payloadBytes),
    keyOf: keysOf(assignment),
    unhandledAtMost: Infinity,
  });
  const warming = await client.subscribe(topic, (payload) => tally.take(payload));
  await pump.warmUp(warmUpMs);
  await tally.whenHandled(pump.published);
  await warming.stop();
  const before = tally.handled;
  await pump.run(measureMs);
  const meters = new Meters();
  meters.start();
  await client.subscribe(topic, (payload) => tally.take(payload));
  await tally.whenHandled(pump.published);
  return { ...meters.stop(tally.handled - before), duplicates: tally.duplicates };
};
