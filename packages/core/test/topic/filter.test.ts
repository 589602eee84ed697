import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { covers, intersects, matches } from "../../src/topic/filter.ts";
import { parseFilter } from "../../src/topic/grammar.ts";

const name = fc.constantFrom("a", "b", "c");
const topics = fc.array(name, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const filters = fc
  .tuple(fc.array(fc.oneof(name, fc.constant("*")), { maxLength: 4 }), fc.boolean())
  .map(([tokens, open]) => [...tokens, ...(open || tokens.length === 0 ? ["**"] : [])].join("."))
  .map(parseFilter);

/** The filter as a regular expression: another way to the same answer. */
function asExpression(canonical: string): RegExp {
  const parts = canonical
    .split(".")
    .map((token) => (token === "**" ? "[^.]+(\\.[^.]+)*" : token === "*" ? "[^.]+" : token));
  return new RegExp(`^${parts.join("\\.")}$`);
}

describe("a filter", () => {
  it.each([
    ["a.b", "a.b", true],
    ["a.b", "a.b.c", false],
    ["a.b.c", "a.b", false],
    ["a.*", "a.b", true],
    ["a.*", "a", false],
    ["a.*", "a.b.c", false],
    ["a.**", "a.b.c", true],
    ["a.**", "a", false],
    ["**", "a", true],
    ["*.b", "a.b", true],
    ["a.{room}.c", "a.x.c", true],
    ["a", "ab", false],
  ])("%s against %s is %s", (filter, topic, expected) => {
    expect(matches(parseFilter(filter), topic)).toBe(expected);
  });

  it("matches what the same regular expression matches", () => {
    fc.assert(
      fc.property(filters, topics, (filter, topic) => {
        expect(matches(filter, topic)).toBe(asExpression(filter.canonical).test(topic));
      }),
      { numRuns: 2000 },
    );
  });

  it("never matches the bus's own topics by a wildcard", () => {
    expect(matches(parseFilter("**"), "_busbar.dlq.saver")).toBe(false);
    expect(matches(parseFilter("*.dlq"), "_busbar.dlq")).toBe(false);
    expect(matches(parseFilter("**"), "_busbarx.dlq")).toBe(true);
  });

  it("intersects another exactly when some topic fits both", () => {
    const all = ["a", "b", "c"].flatMap((one) => [
      one,
      ...["a", "b", "c"].flatMap((two) => deeper(`${one}.${two}`, 4)),
    ]);
    fc.assert(
      fc.property(filters, filters, (one, other) => {
        expect(intersects(one, other)).toBe(all.some((topic) => matches(one, topic) && matches(other, topic)));
      }),
      { numRuns: 500 },
    );
  });

  it("covers another only when every topic of that fits it", () => {
    fc.assert(
      fc.property(filters, filters, topics, (outer, inner, topic) => {
        if (covers(outer, inner) && matches(inner, topic)) expect(matches(outer, topic)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(covers(parseFilter("sensor.**"), parseFilter("sensor.*.temperature"))).toBe(true);
    expect(covers(parseFilter("sensor.*"), parseFilter("sensor.**"))).toBe(false);
    expect(covers(parseFilter("sensor.*"), parseFilter("sensor.a"))).toBe(true);
    expect(covers(parseFilter("sensor.a"), parseFilter("sensor.*"))).toBe(false);
  });
});

function deeper(topic: string, most: number): string[] {
  if (topic.split(".").length >= most + 1) return [topic];
  return [topic, ...["a", "b", "c"].flatMap((next) => deeper(`${topic}.${next}`, most))];
}
