import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parameterEscaping, tokenEscaping } from "../../src/topic/token-escaping.ts";

const level = tokenEscaping((character) => character !== "/" && character !== "+" && character !== "#");

/** Text in which escapes, half escapes and look-alikes are frequent. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "_",
        "x",
        "_x",
        "_x5F_",
        "_x20_",
        "_x0_",
        "20_",
        "5F_",
        "A",
        "_x41_",
        "_x5f_",
        "_x005F_",
        " ",
        "é",
        "💡",
      ),
      fc.string({ unit: "binary" }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join("").replaceAll("\0", ""));

const token = fc
  .array(
    fc.constantFrom("_", "x", "_x", "_x5F_", "_x20_", "_x0_", "_x2F_", "_x110000_", "_xD800_", "5F_", "A", "-", "7"),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(""));

describe("token escaping", () => {
  it("gives every name back", () => {
    fc.assert(
      fc.property(nasty, (name) => {
        const escaped = parameterEscaping.toToken(name);
        expect(escaped).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(parameterEscaping.toName(escaped)).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });

  it("gives every token back, so that no two names meet in one", () => {
    fc.assert(
      fc.property(token, (given) => {
        expect(level.toToken(level.toName(given))).toBe(given);
        expect(parameterEscaping.toToken(parameterEscaping.toName(given))).toBe(given);
      }),
      { numRuns: 2000 },
    );
  });

  it("never makes a character that the other side cannot have", () => {
    fc.assert(
      fc.property(token, (given) => {
        expect(level.toName(given)).not.toMatch(/[/+#]/);
      }),
    );
  });

  it("leaves plain names as they are", () => {
    for (const name of ["kitchen", "room_1", "a-b", "_x", "x_x", "_x41_"])
      expect(parameterEscaping.toToken(name)).toBe(name);
  });

  it("writes what a token cannot have readably", () => {
    expect(parameterEscaping.toToken("living room")).toBe("living_x20_room");
    expect(parameterEscaping.toToken("")).toBe("_x0_");
    expect(parameterEscaping.toToken("_x20_")).toBe("_x5F_x20_");
  });
});
