import { describe, expect, it } from "vitest";
import type { Case } from "../case.ts";
import type { Assignment, Sample } from "../measurement.ts";
import { runCase } from "../run-cases.ts";
import type { RunContext } from "../run-cases.ts";
import { sampleOf } from "./results.ts";

const compared: Case = {
  section: "end-to-end",
  on: "nats",
  workload: "end-to-end",
  delivery: "at-least-once",
  clients: ["a", "b", "c"],
};

function contextOf(
  measure: (assignment: Assignment) => Promise<Sample>,
  signal = new AbortController().signal,
  end: (assignment: Assignment) => Promise<void> = async () => undefined,
): RunContext {
  const start: RunContext["start"] = (assignment) => ({
    measure: () => measure(assignment),
    end: () => end(assignment),
  });
  return { url: "nats://x", rounds: 2, warmUpMs: 1, measureMs: 2, signal, start, onSample: () => undefined };
}

describe("a case", () => {
  it("lets the clients take turns, each measurement under a name of its own", async () => {
    const asked: Assignment[] = [];
    const { samples, problems } = await runCase(
      compared,
      contextOf(async (assignment) => {
        asked.push(assignment);
        return sampleOf(asked.length);
      }),
    );
    expect(asked.map(({ client }) => client)).toEqual(["a", "b", "c", "a", "b", "c"]);
    expect(new Set(asked.map(({ name }) => name)).size).toBe(6);
    expect(samples["b"]?.map(({ perSecond }) => perSecond)).toEqual([2, 5]);
    expect(problems).toEqual([]);
  });

  it("changes nothing but what it is about", async () => {
    const asked: Assignment[] = [];
    const measure = async (assignment: Assignment) => {
      asked.push(assignment);
      return sampleOf(1);
    };
    await runCase({ ...compared, clients: ["a"], setting: { payloadBytes: 16 } }, contextOf(measure));
    expect(asked[0]).toMatchObject({ payloadBytes: 16, keys: 0, concurrency: 0, subscriptions: 1, url: "nats://x" });
  });

  it("does not try a client again that failed, and says so", async () => {
    let tries = 0;
    const { samples, problems } = await runCase(
      compared,
      contextOf(async ({ client }) => {
        if (client === "b" && ++tries > 0) throw new Error("lost one");
        return sampleOf(1);
      }),
    );
    expect(tries).toBe(1);
    expect(Object.keys(samples)).toEqual(["a", "c"]);
    expect(problems).toEqual(["nats end-to-end, at-least-once: lost one"]);
  });

  it("keeps the process of each client for all rounds where latency is measured, and ends it then", async () => {
    const did: string[] = [];
    const { samples } = await runCase(
      { ...compared, clients: ["a", "b"], workload: "latency" },
      contextOf(
        async ({ name, client }) => {
          did.push(`${client} ${name}`);
          return sampleOf(1);
        },
        undefined,
        async ({ client }) => void did.push(`end ${client}`),
      ),
    );
    const [a, b] = did;
    expect(did).toEqual([a, b, a, b, "end a", "end b"]);
    expect(samples["a"]).toHaveLength(2);
  });

  it.each(["end-to-end", "latency"])("takes it for a problem that a client could not end: %s", async (workload) => {
    const { problems } = await runCase(
      { ...compared, clients: ["a"], workload },
      contextOf(
        async () => sampleOf(1),
        undefined,
        async () => {
          throw new Error("hung");
        },
      ),
    );
    expect(problems).toEqual([`nats ${workload}, at-least-once: hung`]);
  });

  it("rejects when it is stopped, and does not take that for a failure", async () => {
    const stop = new AbortController();
    const running = runCase(
      compared,
      contextOf(async () => {
        stop.abort(new Error("stopped"));
        throw new Error("killed");
      }, stop.signal),
    );
    await expect(running).rejects.toThrow("stopped");
  });
});
