import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { laws } from "../src/laws/index.ts";
import type { Case, Suite } from "../src/suite.ts";
import { mutants } from "./mutants/index.ts";
import { judge, suiteOver } from "./mutants/judge.ts";

/** The longest that all laws may take together, in milliseconds. */
const allMs = { timeout: 180_000 };

describe.concurrent("a broker that", () => {
  for (const mutant of mutants)
    for (const breach of mutant.breaks)
      it(`${mutant.name} breaks ${breach.law} on the ${breach.face}`, async () => {
        assert.ok("killedBy" in (await judge(mutant, breach)));
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

  // One test, but all the laws.
  it("finds nothing wrong with the broker that the mutants are made of, under the same bounds", allMs, async () => {
    const suite = suiteOver((broker) => broker, true, 5_000);
    await assertAllHold(suite.cases, suite);
  });
});

async function assertAllHold(cases: readonly Case[], suite: Suite): Promise<void> {
  for (const tried of cases) await assert.doesNotReject(suite.run(tried), `${tried.law.id} holds on the ${tried.face}`);
}
