import { summaryOf } from "./certificate.ts";
import { serverOf } from "./harness.ts";
import type { Harness, Runner } from "./harness.ts";
import { families, familyOf, markedId } from "./law.ts";
import type { Family } from "./law.ts";
import { laws } from "./laws/index.ts";
import { Skip } from "./skip.ts";
import { Suite } from "./suite.ts";
import type { Case } from "./suite.ts";

/** How much longer than the kit's own bound the runner is asked to wait, so that it is the kit that says what was late. */
const runnerGraceMs = 5_000;

/**
 * Registers every law as a test of the runner, on the bare driver and through the bus, and at the end one that prints what
 * was skipped and why, and hands out the certificate. The cases are to run one after the other, in the order of registration.
 */
export function conformance(runner: Runner, harness: Harness): void {
  const server = serverOf(harness);
  const print = harness.print ?? ((line: string) => void process.stdout.write(`${line}\n`));
  const title = `${harness.name} keeps the laws of the bus`;
  if ("missing" in server) {
    runner.describe(title, () => {
      runner.it(`is skipped: ${server.missing}`, async (...[context]: readonly unknown[]) => {
        print(`${harness.name}: all laws skipped, ${server.missing}`);
        skipIn(context, server.missing);
      });
    });
    return;
  }
  const suite = new Suite(laws, harness, server.url);
  runner.describe(title, () => {
    for (const [family, cases] of byFamily(suite.cases))
      runner.describe(`${family} ${families[family]}`, () => {
        for (const tried of cases) register(runner, suite, tried);
      });
    runner.it("leaves a certificate", async () => {
      const certificate = await suite.certificate();
      for (const line of summaryOf(certificate)) print(line);
      await suite.close();
      await harness.onCertificate?.(certificate);
    });
    runner.afterAll?.(() => suite.close(), runnerGraceMs * 6);
  });
}

function register(runner: Runner, suite: Suite, tried: Case): void {
  const where = tried.face === "driver" ? "on the bare driver" : "through the bus";
  // No parameter of its own: some runners take one for a callback that says when the test is over.
  const run = async (...[context]: readonly unknown[]): Promise<void> => {
    try {
      await suite.run(tried);
    } catch (error) {
      if (!(error instanceof Skip)) throw error;
      skipIn(context, error.message);
    }
  };
  runner.it(`${markedId(tried.law)} ${tried.law.title} (${where})`, run, suite.longestMs(tried) + runnerGraceMs);
}

/** Marks the running test as skipped where the runner can; elsewhere it passes, and the summary says that it was skipped. */
function skipIn(context: unknown, reason: string): void {
  // The context of some runners is a function that has the others as its members.
  const isContext = (typeof context === "object" && context !== null) || typeof context === "function";
  if (!isContext || !("skip" in context)) return;
  const { skip } = context;
  if (typeof skip === "function") skip.call(context, reason);
}

function byFamily(cases: readonly Case[]): Map<Family, Case[]> {
  const groups = new Map<Family, Case[]>();
  for (const tried of cases) {
    const family = familyOf(tried.law);
    groups.set(family, [...(groups.get(family) ?? []), tried]);
  }
  return groups;
}
