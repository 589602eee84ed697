import type { Client } from "../clients/client.ts";
import { payloadMaker } from "../payload.ts";
import { latencyOf } from "../statistics.ts";
import { Meters } from "./meters.ts";
import { Pump } from "./pump.ts";
import { loadedTopic } from "./workload.ts";
import type { Workload } from "./workload.ts";

/** Requests that are answered with what they bring, as many at a time as are published otherwise. */
export const requests: Workload = async (client, assignment) => {
  const { payloadBytes, warmUpMs, measureMs } = assignment;
  const { respond, request, prepareRequests } = client;
  if (respond === undefined || request === undefined || prepareRequests === undefined)
    throw new Error(`${assignment.client} has no requests.`);
  const topic = loadedTopic(assignment);
  await respond.call(client, topic, (payload) => payload);
  await prepareRequests.call(client);
  const tookMs: number[] = [];
  const asker: Client = {
    window: client.window,
    subscribe: client.subscribe.bind(client),
    close: client.close.bind(client),
    publish: (to, payload, _key, confirmed) => {
      const askedAt = performance.now();
      request.call(client, to, payload, (error, answer) => {
        tookMs.push(performance.now() - askedAt);
        confirmed(error ?? (answer?.n === payload.n ? undefined : new Error("This answers another request.")));
      });
    },
  };
  const payloadOf = payloadMaker(payloadBytes);
  const pump = new Pump({ client: asker, topic, payloadOf, keyOf: () => undefined, unhandledAtMost: Infinity });
  await pump.warmUp(warmUpMs);
  const before = pump.published;
  tookMs.length = 0;
  const meters = new Meters();
  meters.start();
  await pump.run(measureMs);
  return { ...meters.stop(pump.published - before), duplicates: 0, latency: latencyOf(tookMs) };
};
