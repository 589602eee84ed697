import { openerOf } from "../clients/openers.ts";
import type { Assignment, Sample } from "../measurement.ts";
import { endToEnd } from "./end-to-end.ts";
import { latency } from "./latency.ts";
import { consumeOnly, publishOnly } from "./one-way.ts";
import { requests } from "./requests.ts";
import { idle, startUp } from "./standing.ts";
import type { Workload } from "./workload.ts";

/** One measurement, from the opening of the client to its end. */
type Program = (assignment: Assignment) => Promise<Sample>;

/** Everything that can be measured, by name. */
export const programs: Readonly<Record<string, Program>> = {
  "end-to-end": withClient(endToEnd),
  latency: withClient(latency),
  publish: withClient(publishOnly),
  consume: withClient(consumeOnly),
  requests: withClient(requests),
  "start-up": withClient(startUp),
  idle: withClient(idle),
  pipeline: async (assignment) => (await import("../pipeline/pipeline.ts")).pipeline(assignment),
};

function withClient(workload: Workload): Program {
  return async (assignment) => {
    const { on, url, client: who, delivery, name, concurrency } = assignment;
    const open = await openerOf(on, who);
    const client = await open({ url, delivery, name, concurrency: concurrency === 0 ? Infinity : concurrency });
    const sample = await workload(client, assignment);
    await client.close();
    return sample;
  };
}
