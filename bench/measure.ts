import { on } from "node:events";
import type { Assignment } from "./measurement.ts";
import { programs } from "./workloads/programs.ts";

// Measures in a process of its own: what is to be measured comes as JSON; each sample that is asked for goes back to whoever started this.
const assignment = JSON.parse(process.argv[2] ?? "{}") as Assignment;

// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
const questions = on(process, "message");

const open = programs[assignment.workload];
if (open === undefined) throw new Error(`There is no workload "${assignment.workload}".`);
const program = await open(assignment);
for await (const [asked] of questions) {
  if (asked === "end") break;
  process.send?.(await program.measure());
}
await program.close();
process.exit(0);
