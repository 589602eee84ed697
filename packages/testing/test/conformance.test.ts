import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory } from "@busbar/core";
import type { Broker, Capabilities } from "@busbar/core/contract";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { certificateWriter, conformance, laws, pendingLaws } from "../src/index.ts";
import type { Certificate, Cluster, CreateOptions, Harness, OwnServer, Runner } from "../src/index.ts";
import { overlaid } from "../src/overlaid.ts";
import { FakeRunner } from "./fake-runner.ts";

const quick = { deadlineMs: 2_000, quietMs: 20 };

/** Runs the laws on a broker in memory, all of it through the interface that a third party has. */
async function runOn(
  harness: Partial<Harness>,
): Promise<{ runner: FakeRunner; failed: readonly string[]; lines: string[]; certificate: Certificate | undefined }> {
  const runner = new FakeRunner();
  const lines: string[] = [];
  let certificate: Certificate | undefined;
  conformance(runner, {
    name: "tried",
    url: "memory://conformance-kit",
    create: memory,
    ...quick,
    print: (line) => void lines.push(line),
    onCertificate: (given) => void (certificate = given),
    ...harness,
  });
  const failed = await runner.run();
  return { runner, failed, lines, certificate };
}

/** A broker on a server that can less than its driver declares. */
function lacking(broker: Broker, missing: Partial<Capabilities>): Broker {
  return overlaid(broker, {
    open: async () => {
      const effective = await broker.open();
      return { ...effective, supports: { ...effective.supports, ...missing } };
    },
  });
}

describe("conformance", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("registers each law on each of its faces, under its family, with a bound of time", () => {
    const runner = new FakeRunner();
    conformance(runner, { name: "tried", url: "memory://registered", create: memory });
    const titles = runner.tests.map(({ title }) => title);
    expect(titles).toContain(
      "tried keeps the laws of the bus > B Fan-out and groups > B1★ two groups each get every message (on the bare driver)",
    );
    expect(titles).toContain(
      "tried keeps the laws of the bus > B Fan-out and groups > B1★ two groups each get every message (through the bus)",
    );
    for (const { law } of pendingLaws) expect(titles.some((title) => title.includes(`> ${law}`))).toBe(false);
    for (const { id, facility } of laws)
      expect(titles.some((title) => title.includes(`> ${id}`))).toBe(facility !== "cluster");
    const [first] = runner.tests;
    expect(first?.timeoutMs).toBeGreaterThan(10_000);
  });

  it("takes no parameter in a test's body, which some runners would take for a callback", () => {
    const runner = new FakeRunner();
    conformance(runner, { name: "tried", url: "memory://registered", create: memory });
    expect(runner.tests.map(({ body }) => body.length).filter((length) => length > 0)).toEqual([]);
  });

  it("fits the runners that are there", () => {
    expectTypeOf<{ describe: typeof describe; it: typeof it }>().toExtend<Runner>();
    expectTypeOf<Pick<typeof import("node:test"), "describe" | "it">>().toExtend<Runner>();
  });

  it("skips everything, with the reason, where the variable of the address is not set", async () => {
    vi.stubEnv("BUSBAR_TEST_NOBODY_URL", "");
    const { runner, failed, lines } = await runOn({ url: { variable: "BUSBAR_TEST_NOBODY_URL" } });
    expect(failed).toEqual([]);
    expect(runner.skipped).toEqual(["BUSBAR_TEST_NOBODY_URL is not set"]);
    expect(lines).toEqual(["tried: all laws skipped, BUSBAR_TEST_NOBODY_URL is not set"]);
  });

  it("runs the negative form of a law whose need is not met, on each of its faces, and counts it apart", async () => {
    const { runner, failed, lines, certificate } = await runOn({
      only: ["A1", "B10", "C8"],
      create: (options) => lacking(memory(options), { wildcards: "unsupported", deliveryCount: "unsupported" }),
    });
    expect(failed).toEqual([]);
    expect(runner.skipped).toEqual([]);
    expect(certificate?.counts).toEqual({ passed: 5, negative: 3, failed: 0, skipped: 0, broken: 0, notRun: 0 });
    expect(lines[0]).toBe("tried (memory 1): 5 cases passed (3 by refusing what is unsupported), 0 failed, 0 skipped");
    for (const name of ["B10 on the driver: wildcards", "B10 on the bus: wildcards", "C8 on the driver: deliveryCount"])
      expect(lines).toContain(`  passed ${name} is unsupported, and asking for it is a typed error`);
    const negative = certificate?.results.find(({ law, face }) => law === "B10" && face === "bus");
    expect(negative).toMatchObject({ status: "passed", form: "negative" });
  });

  it("tells the runner of a law that the harness has no way to try, counts it as skipped and prints the reason", async () => {
    const { runner, failed, lines, certificate } = await runOn({ only: ["H7"] });
    expect(failed).toEqual([]);
    expect(runner.skipped).toEqual(["the harness has no link to hold or cut"]);
    expect(certificate?.counts).toMatchObject({ passed: 0, skipped: 1 });
    expect(lines).toContain("  skipped H7 on the bus: the harness has no link to hold or cut");
  });

  it("makes no test of what the server is known to break, says why, and is not complete", async () => {
    const { runner, failed, lines, certificate } = await runOn({
      only: ["A1", "A2"],
      breaks: { A2: "it mixes topics up" },
    });
    expect(failed).toEqual([]);
    expect(runner.skipped).toEqual([]);
    expect(runner.tests.filter(({ title }) => title.includes("A2"))).toEqual([]);
    expect(certificate).toMatchObject({
      complete: false,
      counts: { passed: 2, failed: 0, skipped: 0, broken: 2, notRun: 0 },
      results: [
        { law: "A1", face: "driver", status: "passed" },
        { law: "A1", face: "bus", status: "passed" },
        { law: "A2", face: "driver", status: "broken", reason: "it mixes topics up" },
        { law: "A2", face: "bus", status: "broken", reason: "it mixes topics up" },
      ],
    });
    expect(lines[0]).toBe("tried (memory 1): 2 cases passed, 0 failed, 0 skipped, 2 broken by the server");
    expect(lines).toContain("  broken A2 on the driver: it mixes topics up");
  });

  it("takes nothing but laws for what a server breaks", async () => {
    await expect(runOn({ breaks: { A0: "it mixes topics up" } })).rejects.toThrow(
      "tried is said to break what is no law: A0",
    );
  });

  it("is run by vitest with the context that its own tests pretend to have", (context) => {
    expect(typeof context).toBe("function");
    expect(typeof context.skip).toBe("function");
  });

  it("fails a law whose need is not met when the bus pretends that it is", async () => {
    const { failed } = await runOn({
      only: ["B10"],
      // What the probe of the kit sees is not what the bus sees: a server that says one thing now and another then.
      create: (options) =>
        options.clientName.endsWith("probe") ? lacking(memory(options), { wildcards: "unsupported" }) : memory(options),
    });
    const title = "B10◇ a wildcard stands for one token, a double one for one or more at the end";
    expect(failed.map((path) => path.split(" > ").at(-1))).toEqual([
      `${title} (on the bare driver)`,
      `${title} (through the bus)`,
    ]);
  });

  it("leaves a certificate that says what was tried on what, and whether all of it was kept", async () => {
    const { certificate, lines } = await runOn({ only: ["A1", "B10"] });
    expect(certificate).toMatchObject({
      contractVersion: "1",
      name: "tried",
      adapter: "memory",
      product: "memory",
      counts: { passed: 4, negative: 0, failed: 0, skipped: 0, broken: 0, notRun: 0 },
      complete: false,
      results: [
        { law: "A1", face: "driver", everywhere: true, status: "passed", form: "positive" },
        { law: "A1", face: "bus" },
        { law: "B10", face: "driver", everywhere: false },
        { law: "B10", face: "bus" },
      ],
      pending: [...pendingLaws, { law: "H4", reason: "the harness has no cluster whose members it can end" }],
    });
    for (const { law, reason } of pendingLaws) expect(lines).toContain(`  pending ${law}: ${reason}`);
    expect(JSON.parse(JSON.stringify(certificate))).toEqual(certificate);
  });

  it("says of a server that it cannot reach that it cannot reach it, in every test", async () => {
    const create = (options: { url: string }): Broker =>
      overlaid<Broker>(memory(options), { open: () => Promise.reject(new Error("nobody is there")) });
    const { runner, failed } = await runOn({ only: ["A1"], create });
    expect(failed).toHaveLength(runner.tests.length);
  });

  it("restarts the server where a law is stronger for it, and says so where it cannot", async () => {
    let restarts = 0;
    let closed = 0;
    const ownServer = (): Promise<OwnServer> =>
      Promise.resolve({
        url: "memory://own-server",
        restart: () => Promise.resolve(void restarts++),
        close: () => Promise.resolve(void closed++),
      });
    const { lines: withServer } = await runOn({ only: ["C1"], ownServer });
    expect(withServer.filter((line) => !line.startsWith("  pending"))).toEqual([
      "tried (memory 1): 2 cases passed, 0 failed, 0 skipped",
    ]);
    expect([restarts, closed]).toEqual([2, 1]);
    const { lines } = await runOn({ only: ["C1"] });
    expect(lines).toContain("  passed C1 on the bus: only over a new process, the harness cannot restart the server");
  });

  it("ends the members of a cluster where the harness has one, and leaves the law for it out where it has none", async () => {
    const asked: string[] = [];
    const members: unknown[] = [];
    const cluster = (): Promise<Cluster> =>
      Promise.resolve({
        url: "memory://cluster",
        size: 2,
        end: (member) => Promise.resolve(void asked.push(`end ${member}`)),
        start: (member) => Promise.resolve(void asked.push(`start ${member}`)),
        close: () => Promise.resolve(void asked.push("close")),
      });
    const create = ({ members: count, ...options }: CreateOptions): Broker => {
      members.push(count);
      return memory(options);
    };
    const { lines } = await runOn({ only: ["H4", "A2"], create, cluster });
    expect(lines[0]).toBe("tried (memory 1): 4 cases passed, 0 failed, 0 skipped");
    const once = ["end 0", "start 0", "end 1", "start 1"];
    expect(asked).toEqual([...once, ...once, "close"]);
    expect(new Set(members)).toEqual(new Set([undefined, 2]));
    const { runner } = await runOn({ only: ["H4"], cluster: () => Promise.resolve({ missing: "no room" }) });
    expect(runner.skipped).toEqual(["no room", "no room"]);
    const without = await runOn({ only: ["H4"] });
    expect(without.lines).toContain("  pending H4: the harness has no cluster whose members it can end");
    expect(without.runner.tests).toHaveLength(1);
  });

  it("asks for a short lease where the harness has one, and says so where it has none", async () => {
    const leases: unknown[] = [];
    const create = ({ leaseMs, ...options }: CreateOptions): Broker => {
      leases.push(leaseMs);
      return memory(options);
    };
    const { failed, lines } = await runOn({ only: ["C16"], create, leaseMs: 30 });
    expect(failed).toEqual([]);
    expect(lines[0]).toBe("tried (memory 1): 2 cases passed, 0 failed, 0 skipped");
    expect(lines[1]).toMatch(/^ {2}pending/);
    expect(leases).toContain(30);
    leases.length = 0;
    const without = await runOn({ only: ["C16"], create });
    expect(without.lines).toContain(
      "  passed C16 on the bus: only for a few quiet times, the harness has no short lease to outlast",
    );
    expect(new Set(leases)).toEqual(new Set([undefined]));
  });

  it("takes away what it made on the server, whatever a law leaves there", async () => {
    const names = new Set<string>();
    const create = (options: { url: string }): Broker => {
      const broker = memory(options);
      return overlaid<Broker>(broker, {
        subscribe: (request, sink) => {
          names.add(request.name);
          return broker.subscribe(request, sink);
        },
      });
    };
    const { failed } = await runOn({ only: ["B4", "C6", "C9", "C15", "G5"], url: "memory://tidied", create });
    expect(failed).toEqual([]);
    const server = memory({ url: "memory://tidied" }).native;
    expect(names.size).toBeGreaterThan(5);
    expect([...names].filter((name) => server.waiting(name) !== undefined)).toEqual([]);
    expect([...server.deadLetters.values()].map((letters) => letters.size)).toEqual([0]);
  });
});

describe("certificateWriter", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("writes certificates where the variable says, and nothing where it says nothing", async () => {
    const { certificate } = await runOn({ only: ["E3"] });
    const folder = await mkdtemp(join(tmpdir(), "certificates-"));
    try {
      const write = certificateWriter("BUSBAR_TEST_CERTIFICATES");
      vi.stubEnv("BUSBAR_TEST_CERTIFICATES", "");
      await write(certificate as Certificate);
      vi.stubEnv("BUSBAR_TEST_CERTIFICATES", join(folder, "deep"));
      await write(certificate as Certificate);
      const text = await readFile(join(folder, "deep", "tried.json"), "utf8");
      expect(JSON.parse(text)).toEqual(certificate);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
