import { memory } from "@busbar/core";
import type { Broker, CapabilityName, OutboundRecord, SubscribeRequest } from "@busbar/core/contract";
import { describe, expect, it } from "vitest";
import { bodiesOn, laws, Suite, summaryOf } from "../src/index.ts";
import type { CaseResult, Cluster, Face, Law } from "../src/index.ts";
import { clusterInMemory } from "../../../integration/support/cluster-in-memory.ts";
import { overlaid } from "../src/overlaid.ts";

const gated = laws.filter(({ everywhere }) => !everywhere);
const trials = gated.flatMap((law) => (law.needs ?? []).map((need) => ({ law, need })));

/** What a bus asked of its driver, beside opening and closing it. */
interface Asked {
  readonly published: OutboundRecord[];
  readonly subscribed: SubscribeRequest[];
}

/** A broker on a server that has everything, but for one capability, and that writes down what it is asked. */
function without(broker: Broker, missing: CapabilityName, asked: Asked): Broker {
  return overlaid(broker, {
    open: async (options) => {
      const effective = await broker.open(options);
      const everything = Object.fromEntries(Object.keys(effective.supports).map((name) => [name, "native"]));
      return { ...effective, supports: { ...effective.supports, ...everything, [missing]: "unsupported" } };
    },
    publish: (record, options) => {
      asked.published.push(record);
      return broker.publish(record, options);
    },
    subscribe: (request, sink) => {
      asked.subscribed.push(request);
      return broker.subscribe(request, sink);
    },
  });
}

let suites = 0;

function suiteOn(create: (url: string) => Broker): Suite {
  const url = `memory://negative-${++suites}`;
  const cluster = (): Promise<Cluster> => Promise.resolve(clusterInMemory(url));
  return new Suite(
    laws,
    { name: "tried", url, create: () => create(url), cluster, deadlineMs: 5_000, quietMs: 20 },
    url,
  );
}

/** Runs one case, and resolves to how it ended and to what the summary says. */
async function runOne(
  suite: Suite,
  { id }: Law,
  face: Face,
): Promise<{ result: CaseResult | undefined; negative: number; lines: readonly string[] }> {
  const tried = suite.cases.find(({ law, face: on }) => law.id === id && on === face);
  if (tried === undefined) throw new Error(`there is no ${id} on the ${face}`);
  await suite.run(tried).catch(() => undefined);
  const certificate = await suite.certificate();
  return {
    result: certificate.results.find(({ law }) => law === id),
    negative: certificate.counts.negative,
    lines: summaryOf(certificate),
  };
}

function facesOf(law: Law): readonly Face[] {
  return (["driver", "bus"] as const).filter((face) => bodiesOn(law, face).length > 0);
}

describe("where the server lacks what a law for some adapters needs", () => {
  for (const { law, need } of trials)
    it(`${law.id} asks the bus for ${need}, is told that there is none before anything is sent, and says so`, async () => {
      for (const face of facesOf(law)) {
        const asked: Asked = { published: [], subscribed: [] };
        const suite = suiteOn((url) => without(memory({ url }), need, asked));
        const { result, negative, lines } = await runOne(suite, law, face);
        expect(result).toMatchObject({ law: law.id, face, status: "passed", form: "negative" });
        expect(negative).toBe(1);
        const note = `${need} is unsupported, and asking for it is a typed error`;
        expect(lines).toContain(`  passed ${law.id} on the ${face}: ${note}`);
        expect(asked).toEqual({ published: [], subscribed: [] });
      }
    });

  it("a law fails whose need is met by a bus that was told so, and by a server that was not asked", async () => {
    for (const { law, need } of trials) {
      let brokers = 0;
      // What the probe of the kit sees, which is the first broker of all, is not what the bus sees.
      const suite = suiteOn((url) => {
        const broker = memory({ url });
        const asked: Asked = { published: [], subscribed: [] };
        return ++brokers === 1 ? without(broker, need, asked) : without(broker, "memberNames", asked);
      });
      const { result } = await runOne(suite, law, "bus" in law || "both" in law ? "bus" : "driver");
      expect(result, `${law.id} without ${need}`).toMatchObject({ status: "failed" });
      expect(result).toMatchObject({
        reason: expect.stringMatching(/is unsupported, so asking for it is an/) as string,
      });
    }
  });
});
