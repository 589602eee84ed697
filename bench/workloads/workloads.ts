import { endToEnd } from "./end-to-end.ts";
import { latency } from "./latency.ts";
import type { Workload } from "./workload.ts";

/** Everything that can be done with a client, by name. */
export const workloads: Readonly<Record<string, Workload>> = {
  "end-to-end": endToEnd,
  latency,
};
