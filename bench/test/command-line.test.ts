import { describe, expect, it } from "vitest";
import { gateCases, sweepCases, usualCases } from "../cases.ts";
import { fullSections, help, parseOrder, sections } from "../command-line.ts";
import { peerCases, peers } from "../peers.ts";

describe("the command line", () => {
  it("measures the usual sections five times unless told otherwise", () => {
    expect(parseOrder(["--on", "nats,kafka"])).toMatchObject({
      on: ["nats", "kafka"],
      only: ["end-to-end", "latency"],
      rounds: 5,
      isQuick: false,
    });
  });

  it("measures all with --full, once with --quick", () => {
    const order = parseOrder(["--on", "all", "--full", "--quick"]);
    expect(order.only).toEqual([...Object.keys(sections), ...Object.keys(fullSections)]);
    expect(order.rounds).toBe(1);
  });

  it("needs no broker for the pipeline, and all of them for the gate", () => {
    expect(parseOrder(["--only", "pipeline"]).on).toEqual([]);
    expect(parseOrder(["--gate"]).on).toHaveLength(5);
  });

  it.each([
    [["--only", "latency"], "--on is missing"],
    [["--on", "rabbit"], "known are mqtt, amqp, nats, kafka, redis, all"],
    [["--on", "nats", "--only", "speed"], '--only "speed"'],
    [["--on", "nats", "--rounds", "0"], "--rounds"],
    [["--on", "nats", "--write-baseline"], "goes with --gate"],
    [["--gate", "--quick", "--write-baseline"], "not with --quick"],
    [["--on", "nats", "--verbose"], "--verbose"],
  ])("refuses %j", (args, problem) => {
    expect(() => parseOrder(args)).toThrow(problem);
  });

  it("explains every section", () => {
    expect(parseOrder(["--help"]).isHelp).toBe(true);
    for (const name of Object.keys({ ...sections, ...fullSections })) expect(help).toContain(name);
  });
});

describe("the cases", () => {
  const protocols = ["mqtt", "amqp", "nats", "kafka", "redis"];

  it("are each of a section that can be asked for, and every section has some", () => {
    const found = new Set(
      protocols.flatMap((on) => [...usualCases(on), ...sweepCases(on)]).map(({ section }) => section),
    );
    const known = Object.keys({ ...sections, ...fullSections }).filter((section) => section !== "pipeline");
    expect([...found].sort()).toEqual(known.sort());
  });

  it("compare at both levels where at most once is another protocol", () => {
    const levelsOf = (on: string) =>
      usualCases(on)
        .filter(({ section }) => section === "end-to-end")
        .map(({ delivery }) => delivery);
    expect(levelsOf("mqtt")).toEqual(["at-least-once", "at-most-once"]);
    expect(levelsOf("kafka")).toEqual(["at-least-once"]);
  });

  it("have expert and bus in each, since nothing else is compared", () => {
    for (const on of protocols) {
      for (const { clients } of [...usualCases(on), ...sweepCases(on), ...gateCases(on), ...peerCases(on)])
        expect(clients).toEqual(expect.arrayContaining(["expert", "bus"]));
    }
  });

  it("have every peer once", () => {
    const measured = protocols
      .flatMap(peerCases)
      .flatMap(({ on, delivery, clients }) => clients.slice(2).map((client) => `${client} ${on} ${delivery}`));
    expect(measured.sort()).toEqual(peers.map(({ client, on, delivery }) => `${client} ${on} ${delivery}`).sort());
  });
});
