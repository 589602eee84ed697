import { openerOf } from "../clients/openers.ts";
import type { Assignment, Sample } from "../measurement.ts";
import { awaited, endToEnd } from "./end-to-end.ts";
import { latency } from "./latency.ts";
import { consumeOnly, publishOnly } from "./one-way.ts";
import { requests } from "./requests.ts";
import { idle, startUp } from "./standing.ts";
import type { WarmWorkload, Workload } from "./workload.ts";

/** What a process measures, from the opening of the client to its end. */
interface Program {
  measure(): Promise<Sample>;
  close(): Promise<void>;
}

type OpenProgram = (assignment: Assignment) => Promise<Program>;

/** Everything that can be measured, by name. */
export const programs: Readonly<Record<string, OpenProgram>> = {
  "end-to-end": withClient(atOnce(endToEnd)),
  latency: withClient(latency),
  publish: withClient(atOnce(publishOnly)),
  awaited: withClient(atOnce(awaited)),
  consume: withClient(atOnce(consumeOnly)),
  requests: withClient(atOnce(requests)),
  "start-up": withClient(atOnce(startUp)),
  idle: withClient(atOnce(idle)),
  pipeline: async (assignment) => {
    const { pipeline } = await import("../pipeline/pipeline.ts");
    return { measure: () => pipeline(assignment), close: async () => undefined };
  },
};

function atOnce(workload: Workload): WarmWorkload {
  return async (client, assignment) => () => workload(client, assignment);
}

function withClient(workload: WarmWorkload): OpenProgram {
  return async (assignment) => {
    const { on, url, client: who, delivery, name, concurrency, payloadBytes } = assignment;
    const open = await openerOf(on, who);
    const handlersAtOnce = concurrency === 0 ? Infinity : concurrency;
    const client = await open({ url, delivery, name, concurrency: handlersAtOnce, payloadBytes });
    return { measure: await workload(client, assignment), close: () => client.close() };
  };
}
