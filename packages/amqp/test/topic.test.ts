import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindingKeyOf, routingKeyOf, topicOfRoutingKey } from "../src/topic.ts";

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const escapeLike = fc.constantFrom("_x", "_x20_", "_x2E_", "_x5F_", "_x0_", "x20_", "_xZZ_", "_x41_", "__x20__");
const topics = fc.array(
  fc.oneof(
    token,
    escapeLike,
    fc.tuple(token, escapeLike).map((parts) => parts.join("")),
  ),
  { minLength: 1, maxLength: 5 },
);
const words = fc.array(
  fc.oneof(fc.string({ unit: "grapheme", maxLength: 8 }), fc.constantFrom("", "*", "#", "a b", "_x20_", "ü/ö")),
  {
    minLength: 1,
    maxLength: 5,
  },
);

describe("topics and routing keys", () => {
  it("leaves a plain topic as it is", () => {
    expect(routingKeyOf("sensor.kitchen.temperature-1_a")).toBe("sensor.kitchen.temperature-1_a");
    expect(topicOfRoutingKey("sensor.kitchen.temperature-1_a")).toBe("sensor.kitchen.temperature-1_a");
  });

  it("gives every topic back", () => {
    fc.assert(
      fc.property(topics, (tokens) => {
        const topic = tokens.join(".");
        expect(topicOfRoutingKey(routingKeyOf(topic))).toBe(topic);
      }),
    );
  });

  it("gives every routing key back, and makes a topic of it", () => {
    fc.assert(
      fc.property(words, (parts) => {
        const key = parts.map((part) => part.replaceAll(".", "")).join(".");
        const topic = topicOfRoutingKey(key);
        expect(topic).toMatch(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/);
        expect(routingKeyOf(topic)).toBe(key);
      }),
    );
  });

  it("writes filters as binding keys", () => {
    expect(bindingKeyOf("a.b")).toBe("a.b");
    expect(bindingKeyOf("a.*.c")).toBe("a.*.c");
    expect(bindingKeyOf("a.**")).toBe("a.*.#");
    expect(bindingKeyOf("**")).toBe("*.#");
    expect(bindingKeyOf("a.living_x20_room")).toBe("a.living room");
  });
});
