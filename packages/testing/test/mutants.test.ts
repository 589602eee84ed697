import assert from "node:assert/strict";
import { memory } from "@busbar/core";
import type { Broker } from "@busbar/core/contract";
import { describe, it } from "vitest";
import { laws } from "../src/laws/index.ts";
import type { OwnServer } from "../src/own-server.ts";
import { Suite } from "../src/suite.ts";
import type { Case } from "../src/suite.ts";
import { MemoryLink } from "./memory-link.ts";
import { mutants } from "./mutants/index.ts";
import type { Breach, Mutant } from "./mutants/mutant.ts";

/** It has no `publishMany`, and no limit to the size of a body. */
const skippedInMemory: ReadonlySet<string> = new Set(["E2", "E8"]);

let suites = 0;

function suiteOf(mutate: (broker: Broker) => Broker, overLink: boolean, deadlineMs: number): Suite {
  const url = `memory://mutants-${++suites}`;
  return new Suite(
    laws,
    {
      name: "mutant",
      url,
      create: (options) => mutate(memory(options)),
      deadlineMs,
      quietMs: 40,
      ownServer: () => Promise.resolve(serverInMemory(url)),
      ...(overLink ? { link: () => Promise.resolve(new MemoryLink(url, mutate)) } : {}),
    },
    url,
  );
}

/** A server that keeps everything over its restart: in memory, cutting every connection is all there is to it. */
function serverInMemory(url: string): OwnServer {
  return {
    url,
    restart: () => Promise.resolve(memory({ url }).native.sever()),
    close: () => Promise.resolve(),
  };
}

function caseOf(suite: Suite, { law, face }: Breach): Case {
  const found = suite.cases.find((tried) => tried.law.id === law && tried.face === face);
  assert.ok(found !== undefined, `there is a law ${law} on the ${face}`);
  return found;
}

describe.concurrent("a broker that", () => {
  for (const mutant of mutants)
    for (const breach of mutant.breaks)
      it(`${mutant.name} breaks ${breach.law} on the ${breach.face}`, async () => {
        await assertBroken(mutant, breach);
      });
});

describe("the kit", () => {
  it("has a mutant for every law", () => {
    const broken = new Set(mutants.flatMap(({ breaks }) => breaks.map(({ law }) => law)));
    assert.deepEqual(
      laws.map(({ id }) => id).filter((id) => !broken.has(id)),
      [],
    );
  });

  it("finds nothing wrong with the broker that the mutants are made of, under the same bounds", async () => {
    const suite = suiteOf((broker) => broker, true, 5_000);
    await assertAllHold(
      suite.cases.filter(({ law }) => !skippedInMemory.has(law.id)),
      suite,
    );
  });
});

async function assertAllHold(cases: readonly Case[], suite: Suite): Promise<void> {
  for (const tried of cases) await assert.doesNotReject(suite.run(tried), `${tried.law.id} holds on the ${tried.face}`);
}

async function assertBroken(mutant: Mutant, breach: Breach): Promise<void> {
  const suite = suiteOf((broker) => mutant.mutate(broker), mutant.overLink === true, 2_000);
  await assert.rejects(suite.run(caseOf(suite, breach)), (error: unknown) => {
    assert.ok(error instanceof assert.AssertionError, `the law says what is broken, not: ${String(error)}`);
    assert.match(error.message, breach.says);
    return true;
  });
}
