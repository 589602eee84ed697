import assert from "node:assert/strict";
import { memory } from "@busbar/core";
import type { Broker } from "@busbar/core/contract";
import { laws } from "../../src/laws/index.ts";
import { Suite } from "../../src/suite.ts";
import type { Case } from "../../src/suite.ts";
import { clusterInMemory } from "../../../../integration/support/cluster-in-memory.ts";
import { MemoryLink } from "../../../../integration/support/memory-link.ts";
import { serverInMemory } from "../../../../integration/support/server-in-memory.ts";
import type { Breach, Mutant } from "./mutant.ts";

/** What became of a mutant in one case: killed by the law's own assertion, in these words, or why not. */
export type Verdict = { readonly killedBy: string } | { readonly survived: string };

let suites = 0;

/** The suite on a memory broker of its own, with something done to each of its brokers. */
export function suiteOver(mutate: (broker: Broker) => Broker, isOverLink: boolean, deadlineMs: number): Suite {
  const url = `memory://mutants-${++suites}`;
  return new Suite(
    laws,
    {
      name: "mutant",
      url,
      create: ({ url: address, clientName }) => mutate(memory({ url: address, clientName })),
      deadlineMs,
      quietMs: 40,
      ownServer: () => Promise.resolve(serverInMemory(url)),
      cluster: () => Promise.resolve(clusterInMemory(url)),
      ...(isOverLink ? { link: () => Promise.resolve(new MemoryLink(url, mutate)) } : {}),
    },
    url,
  );
}

/** Tries the mutant in the case that it must fail. A time-out, or another error than the law's own, kills nothing. */
export async function judge(mutant: Mutant, breach: Breach): Promise<Verdict> {
  const suite = suiteOver((broker) => mutant.mutate(broker), mutant.overLink === true, 2_000);
  try {
    await suite.run(caseOf(suite, breach));
  } catch (error) {
    if (!(error instanceof assert.AssertionError)) return { survived: `not by an assertion: ${String(error)}` };
    const [words = ""] = error.message.split("\n");
    return breach.says.test(error.message) ? { killedBy: words } : { survived: `by other words: ${words}` };
  }
  return { survived: "the law held" };
}

function caseOf(suite: Suite, { law, face }: Breach): Case {
  const found = suite.cases.find((tried) => tried.law.id === law && tried.face === face);
  assert.ok(found !== undefined, `there is a law ${law} on the ${face}`);
  return found;
}
