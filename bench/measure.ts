import type { Assignment } from "./measurement.ts";
import { programs } from "./workloads/programs.ts";

// One measurement in a process of its own: what is to be measured comes as JSON, the sample goes back to whoever started this.
const assignment = JSON.parse(process.argv[2] ?? "{}") as Assignment;

// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));

const program = programs[assignment.workload];
if (program === undefined) throw new Error(`There is no workload "${assignment.workload}".`);
const sample = await program(assignment);
process.send?.(sample, () => process.exit(0));
