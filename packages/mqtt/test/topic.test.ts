import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadLetterTopic, isReservedFor, toBusTopic, toMqttFilter, toMqttTopic } from "../src/topic.ts";

const illegal = /[/+#\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
const level = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => [...text].filter((character) => !illegal.test(character)).join("")),
  fc.string({ unit: fc.constantFrom("_", "x", "0", "2", "5", "F", "$", " ", "a", ".") }),
);
const token = fc.string({ minLength: 1, unit: fc.constantFrom("_", "x", "0", "1", "2", "5", "F", "a", "-", "Z") });

describe("topics", () => {
  it("map every MQTT topic to a bus topic and back", () => {
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 6 }), (levels) => {
        const topic = levels.join("/");
        const bus = toBusTopic(topic);
        expect(bus).toMatch(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/);
        expect(toMqttTopic(bus)).toBe(topic);
      }),
      { numRuns: 2000 },
    );
  });

  it("map every bus topic to an MQTT topic and back", () => {
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 6 }), (tokens) => {
        const topic = tokens.join(".");
        expect(toBusTopic(toMqttTopic(topic))).toBe(topic);
        expect(toMqttTopic(topic)).not.toMatch(/[+#]/);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["a.b", "a/b"],
    ["living_x20_room.t", "living room/t"],
    ["_x0_.a", "/a"],
    ["a._x0_._x0_", "a//"],
    ["_x24_SYS.broker", "$SYS/broker"],
    ["v1_x2E_0", "v1.0"],
    // A control character ends the connection, so its escape is only a name.
    ["_x1_", "_x1_"],
    ["_x2F_", "_x2F_"],
  ])("%s is %s", (bus, native) => {
    expect(toMqttTopic(bus)).toBe(native);
    expect(toBusTopic(native)).toBe(bus);
  });
});

describe("filters", () => {
  it.each([
    ["a.b", undefined, "a/b"],
    ["a.*.c", undefined, "a/+/c"],
    ["a.**", undefined, "a/+/#"],
    ["**", undefined, "+/#"],
    ["*", undefined, "+"],
    ["a.*", "saver", "$share/saver/a/+"],
    ["living_x20_room.**", "ä 1", "$share/ä 1/living room/+/#"],
    ["_busbar.rpc.one", undefined, "_busbar/rpc/one"],
  ])("%s of group %s is %s", (filter, group, native) => {
    expect(toMqttFilter(filter, group)).toBe(native);
  });

  it.each(["_x24_share.g.a", "_x24_queue.a", "_x24_share"])(
    "%s is refused, as it would share by accident",
    (filter) => {
      expect(() => toMqttFilter(filter)).toThrow(expect.objectContaining({ code: "BUSBAR_INVALID_ARGUMENT" }));
    },
  );

  it.each(["", "a/b", "a+", "#", "a\u0000"])("group %j is refused", (group) => {
    expect(() => toMqttFilter("a", group)).toThrow(expect.objectContaining({ code: "BUSBAR_INVALID_ARGUMENT" }));
  });

  it("leave the bus's own topics to those who ask for them", () => {
    expect(isReservedFor("**", "_busbar/dlq/g/1")).toBe(true);
    expect(isReservedFor("*.dlq.**", "_busbar/dlq/g/1")).toBe(true);
    expect(isReservedFor("_busbar.dlq.**", "_busbar/dlq/g/1")).toBe(false);
    expect(isReservedFor("**", "_busbar2/a")).toBe(false);
    expect(isReservedFor("**", "a/_busbar/b")).toBe(false);
  });

  it("keep the dead letters of every group on levels of their own", () => {
    expect(deadLetterTopic("a/b", "slot")).toBe("_busbar/dlq/a_x2F_b/slot");
    expect(deadLetterTopic("g", "+")).toBe("_busbar/dlq/g/+");
  });
});
