import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filterToPattern, isPrivateSubject, subjectToTopic, topicToSubject } from "../src/topic.ts";

const busToken = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/),
  // What looks like an escape, nested too, is where a bijection breaks.
  fc
    .array(fc.constantFrom("_", "x", "5F", "0", "_x0_", "_x5F_", "_x20_", "_xE9_", "_x24_", "_x2A_", "a"), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join("")),
);
const busTopic = fc.array(busToken, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const subjectToken = fc
  .string({ unit: "binary", minLength: 1, maxLength: 8 })
  .filter((token) => !/[\s.*>\p{Control}]/u.test(token) && !/\p{Surrogate}/u.test(token));
const subject = fc.array(subjectToken, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));

describe("topics and subjects", () => {
  it("turn into each other and back, whatever the topic", () => {
    fc.assert(
      fc.property(busTopic, (topic) => {
        fc.pre(!topic.startsWith("_x24_"));
        expect(subjectToTopic(topicToSubject(topic))).toBe(topic);
      }),
      { numRuns: 5_000 },
    );
  });

  it("turn into each other and back, whatever a foreign client calls its subject", () => {
    fc.assert(
      fc.property(subject, (name) => {
        fc.pre(!name.startsWith("$"));
        const topic = subjectToTopic(name);
        expect(topic).toMatch(/^[A-Za-z0-9_.-]+$/);
        expect(topicToSubject(topic)).toBe(name);
      }),
      { numRuns: 5_000 },
    );
  });

  it("never make a subject that the server would not take", () => {
    fc.assert(
      fc.property(busTopic, (topic) => {
        fc.pre(!topic.startsWith("_x24_"));
        expect(topicToSubject(topic)).toMatch(/^[^\s*>.\p{Control}]+(\.[^\s*>.\p{Control}]+)*$/u);
      }),
      { numRuns: 5_000 },
    );
  });

  it("leave an ordinary name as it is", () => {
    expect(topicToSubject("sensor.living-room.temperature_1")).toBe("sensor.living-room.temperature_1");
    expect(subjectToTopic("sensor.küche.a/b")).toBe("sensor.k_xFC_che.a_x2F_b");
  });

  it("keep the server's own subjects out of reach of a publish", () => {
    expect(() => topicToSubject("_x24_JS.API.STREAM.DELETE.x")).toThrow(
      expect.objectContaining({ code: "BUSBAR_INVALID_ARGUMENT" }),
    );
  });
});

describe("filters and patterns", () => {
  it.each([
    ["a.b", "a.b"],
    ["a.*.c", "a.*.c"],
    ["a.**", "a.>"],
    ["**", ">"],
    ["a.k_xFC_che.*", "a.küche.*"],
  ])("%s is %s", (filter, pattern) => {
    expect(filterToPattern(filter)).toBe(pattern);
  });

  it.each(["_busbar.dlq.g.s", "_busbar", "_INBOX.abc.1", "$JS.API.INFO", "_MINE.x.y"])(
    "%s is nobody's message",
    (private_) => {
      expect(isPrivateSubject(private_, "_MINE.x")).toBe(true);
    },
  );

  it.each(["_busbars.a", "_INBOXES.a", "a.$JS", "_MINE.xy"])("%s is a message", (public_) => {
    expect(isPrivateSubject(public_, "_MINE.x")).toBe(false);
  });
});
