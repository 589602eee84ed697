import { styleText } from "node:util";
import { table } from "../../../../tools/demo/table.mjs";
import { mutants } from "./index.ts";
import { judge } from "./judge.ts";
import type { Verdict } from "./judge.ts";
import type { Breach, Mutant } from "./mutant.ts";

/** How many cases run at the same time: they mostly wait. */
const atOnce = 6;

interface Trial {
  readonly mutant: Mutant;
  readonly breach: Breach;
  verdict?: Verdict;
}

// The words of the command line, of which a mutant's name or the id of its law has to have one.
const wanted = process.argv.slice(2).map((word) => word.toLowerCase());
const trials: readonly Trial[] = mutants
  .flatMap((mutant) => mutant.breaks.map((breach): Trial => ({ mutant, breach })))
  .filter(({ mutant, breach }) => {
    const words = [mutant.name.toLowerCase(), breach.law.toLowerCase()];
    return wanted.length === 0 || wanted.some((part) => words[0]?.includes(part) === true || words[1] === part);
  });

if (trials.length === 0) {
  console.error(`No mutant has ${wanted.join(" or ")} in its name, or breaks a law of that id.`);
  process.exit(2);
}

const isTerminal = process.stderr.isTTY;
const waiting = [...trials];
let done = 0;
await Promise.all(Array.from({ length: atOnce }, work));

for (const { mutant, breach, verdict } of trials) {
  if (verdict !== undefined && "survived" in verdict)
    console.log(styleText("red", `survived: a broker that ${mutant.name}, ${nameOf(breach)}: ${verdict.survived}`));
}
console.log(table([["a broker that …", "case", "killed by"], ...trials.map(rowOf)], 3));
const tried = new Set(trials.map(({ mutant }) => mutant));
const alive = new Set(trials.filter(isAlive).map(({ mutant }) => mutant));
console.log(`\n${tried.size - alive.size} of ${tried.size} mutants killed, in ${trials.length} cases.`);
// What a mutant leaks on purpose must not keep this waiting.
process.exit(alive.size > 0 ? 1 : 0);

async function work(): Promise<void> {
  for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) {
    trial.verdict = await judge(trial.mutant, trial.breach);
    done++;
    if (isTerminal) process.stderr.write(`\r${done} of ${trials.length} cases …`);
  }
  if (isTerminal && done === trials.length) process.stderr.write("\r\u001B[K");
}

function rowOf({ mutant, breach, verdict }: Trial): readonly string[] {
  const words = verdict !== undefined && "killedBy" in verdict ? verdict.killedBy : "SURVIVED";
  return [mutant.name, nameOf(breach), words.length > 90 ? `${words.slice(0, 89)}…` : words];
}

function nameOf({ law, face }: Breach): string {
  return `${law} on the ${face}`;
}

function isAlive({ verdict }: Trial): boolean {
  return verdict === undefined || "survived" in verdict;
}
