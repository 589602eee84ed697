import { describe, expect, it } from "vitest";
import { declared, effectiveCapabilities } from "../src/capabilities.ts";
import type { ServerFacts } from "../src/capabilities.ts";
import { parseVersion } from "../src/inspect-server.ts";

const mosquitto: ServerFacts = { product: "mosquitto", version: "2.0.11", findsRetainedByWildcard: true };
const unknown: ServerFacts = { product: "unknown", version: "unknown", findsRetainedByWildcard: true };

function unsupported(...[version, properties, facts]: Parameters<typeof effectiveCapabilities>): string[] {
  const { supports } = effectiveCapabilities(version, properties, facts);
  return Object.entries(supports).flatMap(([name, support]) => {
    const best = declared[name as keyof typeof declared];
    expect(support === best || support === "unsupported", `${name} is no more than declared`).toBe(true);
    return support === best ? [] : [name];
  });
}

describe("effective capabilities", () => {
  it.each([
    ["mosquitto", 5, {}, mosquitto, []],
    ["a server that tells nothing", 5, {}, unknown, ["routing"]],
    ["HiveMQ", 5, {}, { ...unknown, product: "HiveMQ" }, []],
    ["mosquitto on 3.1.1", 4, {}, mosquitto, ["headers", "routing", "expiry", "replies", "deadLetters"]],
    [
      "an unknown server on 3.1.1",
      4,
      {},
      unknown,
      ["groups", "headers", "routing", "expiry", "replies", "deadLetters"],
    ],
    ["no shared subscriptions", 5, { sharedSubscriptionAvailable: false }, mosquitto, ["groups"]],
    ["no wildcards", 5, { wildcardSubscriptionAvailable: false }, mosquitto, ["wildcards"]],
    ["no retained messages", 5, { retainAvailable: false }, mosquitto, ["retain", "deadLetters"]],
    ["QoS 0 only", 5, { maximumQoS: 0 }, mosquitto, ["atLeastOnce", "durable", "deadLetters"]],
    ["no lookup by wildcard", 5, {}, { ...mosquitto, findsRetainedByWildcard: false }, ["deadLetters"]],
    ["no sessions", 5, {}, { ...mosquitto, sessionExpiryCappedTo: 0 }, ["durable"]],
  ] as const)("of %s lack what it lacks", (_name, version, properties, facts, missing) => {
    expect(unsupported(version, properties, facts).sort()).toEqual([...missing].sort());
  });

  it("bound what may be sent", () => {
    expect(effectiveCapabilities(5, { maximumPacketSize: 10_000 }, mosquitto).limits).toEqual({ maxBodyBytes: 8976 });
    expect(effectiveCapabilities(5, { maximumPacketSize: 1000 }, mosquitto).limits).toEqual({ maxBodyBytes: 500 });
    expect(effectiveCapabilities(5, {}, mosquitto).limits).toEqual({});
  });

  it("warn of mosquitto where it is mosquitto", () => {
    const warnings = effectiveCapabilities(5, {}, mosquitto).warnings.join("\n");
    expect(warnings).toMatch(/one member of a group for that member alone, also while it is away or stuck/);
    expect(warnings).toMatch(/forgets the subscriptions of groups when it is restarted/);
    expect(warnings).toMatch(/persistence false.*when it is killed.*persistence true.*SIGTERM/);
    expect(warnings).toMatch(/drops confirmed messages beyond 1000.*max_queued_messages 0/);
    expect(effectiveCapabilities(5, {}, unknown).warnings).toEqual([]);
  });

  it("warn of HiveMQ where it is HiveMQ", () => {
    const warnings = effectiveCapabilities(5, {}, { ...unknown, product: "HiveMQ" }).warnings.join("\n");
    expect(warnings).toMatch(/once everything that it has sent is settled.*retry\.maxBackoffMs/);
    expect(warnings).toMatch(/when its last member has called forget/);
  });

  it("with an envelope have on 3.1.1 what it carries, and warn of nothing that is not carried", () => {
    const { supports, warnings } = effectiveCapabilities(4, {}, mosquitto, { envelope: true });
    expect(supports).toMatchObject({ headers: "emulated", replies: "native", deadLetters: "emulated" });
    expect(supports).toMatchObject({ expiry: "unsupported", routing: "unsupported" });
    expect(warnings.join("\n")).not.toMatch(/3\.1\.1/);
    expect(effectiveCapabilities(4, {}, unknown, { envelope: true }).supports.replies).toBe("unsupported");
    expect(effectiveCapabilities(4, {}, unknown).warnings).toEqual([
      expect.stringMatching(/neither id nor content type.*native\.envelope/),
    ]);
    expect(effectiveCapabilities(5, {}, unknown, { envelope: true }).supports.headers).toBe("native");
  });

  it.each(["check", "assume"] as const)("warn of the topology %s, which changes nothing", (topology) => {
    expect(effectiveCapabilities(5, {}, unknown, { topology }).warnings).toEqual([
      expect.stringMatching(new RegExp(`^topology "${topology}" changes nothing.*Leave it out`)),
    ]);
  });

  it("do not warn of groups where there are none", () => {
    const { warnings } = effectiveCapabilities(5, { sharedSubscriptionAvailable: false }, mosquitto);
    expect(warnings.join("\n")).not.toMatch(/group/);
  });

  it("warn of a server that keeps sessions for a shorter time than asked", () => {
    const { warnings } = effectiveCapabilities(5, {}, { ...unknown, sessionExpiryCappedTo: 60 });
    expect(warnings).toEqual([expect.stringContaining("60 seconds")]);
  });
});

describe("a version", () => {
  it.each([
    ["mosquitto version 2.0.11", { name: "mosquitto", version: "2.0.11" }],
    ["Some Broker, version: 1.2", { name: "Some Broker", version: "1.2" }],
    ["2.0.11", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%j is read", (text, expected) => {
    expect(parseVersion(text)).toEqual(expected);
  });
});
