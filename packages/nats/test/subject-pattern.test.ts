import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patternCovers, patternIntersection } from "../src/subject-pattern.ts";

const subject = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 });
const pattern = fc
  .tuple(fc.array(fc.constantFrom("a", "b", "*"), { minLength: 0, maxLength: 3 }), fc.boolean())
  .map(([tokens, tail]) => (tail || tokens.length === 0 ? [...tokens, ">"] : tokens).join("."));

describe("patterns of subjects", () => {
  it("intersect in exactly the subjects that fit both", () => {
    fc.assert(
      fc.property(pattern, pattern, subject, (one, other, tokens) => {
        const name = tokens.join(".");
        const both = patternIntersection(one, other);
        const fits = both !== undefined && patternCovers(both, name);
        expect(fits).toBe(patternCovers(one, name) && patternCovers(other, name));
      }),
      { numRuns: 5_000 },
    );
  });

  it("cover each other as JetStream sees it", () => {
    expect(patternCovers("a.>", "a")).toBe(false);
    expect(patternCovers("a.>", "a.b.c")).toBe(true);
    expect(patternCovers("a.*", "a.>")).toBe(false);
    expect(patternCovers(">", "*.b")).toBe(true);
    expect(patternIntersection("*.temperature", "sensor.>")).toBe("sensor.temperature");
    expect(patternIntersection("*.temperature", "sensor")).toBeUndefined();
  });
});
