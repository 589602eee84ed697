import { openerOf } from "./clients/openers.ts";
import type { Assignment } from "./measurement.ts";
import { workloads } from "./workloads/workloads.ts";

// One measurement in a process of its own: what is to be measured comes as JSON, the sample goes back to whoever started this.
const assignment = JSON.parse(process.argv[2] ?? "{}") as Assignment;

// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));

const workload = workloads[assignment.workload];
if (workload === undefined) throw new Error(`There is no workload "${assignment.workload}".`);
const open = await openerOf(assignment.on, assignment.client);
const client = await open({
  url: assignment.url,
  delivery: assignment.delivery,
  name: assignment.name,
  concurrency: assignment.concurrency === 0 ? Infinity : assignment.concurrency,
});
const sample = await workload(client, assignment);
await client.close();
process.send?.(sample, () => process.exit(0));
