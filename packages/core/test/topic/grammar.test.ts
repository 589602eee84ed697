import { describe, expect, it } from "vitest";
import { BusError } from "../../src/errors.ts";
import { assertTopic, parseFilter } from "../../src/topic/grammar.ts";

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(BusError.is(error) && error.code).toBe("BUSBAR_INVALID_ARGUMENT");
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

describe("the grammar", () => {
  it.each([
    ["", "is empty"],
    ["a..b", "empty token"],
    [".a", "empty token"],
    ["a.*", "wildcards are for filters"],
    ["a.{room}", "make it a topic()"],
    ["a b", 'the token "a b"'],
    ["a/b", 'write "a.b"'],
    ["a b/c", "letters, digits"],
    ["_busbar.dlq", "reserved token"],
    ["a".repeat(201), "201 bytes"],
    ["é", "letters, digits"],
  ])("refuses the topic %j and says why", (topic, why) => {
    expect(messageOf(() => assertTopic(topic))).toContain(why);
  });

  it("refuses what is no string", () => {
    expect(messageOf(() => assertTopic(7 as never))).toContain("is not a string but number");
    expect(messageOf(() => assertTopic(null as never))).toContain("is not a string but null");
  });

  it.each([
    ["a.**.b", "comes last"],
    ["a.{x}.{x}", "names the parameter {x} twice"],
    ["a.{}", "a token is a name"],
    ["a.b*", "a token is a name"],
    ["a/+/c/#", 'write "a.*.c.**"'],
    ["a.>", 'write "a.**"'],
    ["_busbar.**", "reserved token"],
  ])("refuses the filter %j and says why", (filter, why) => {
    expect(messageOf(() => parseFilter(filter))).toContain(why);
  });

  it("takes topics and filters that are well made", () => {
    assertTopic("sensor.kitchen-1.temp_max");
    assertTopic("_busbars.a");
    expect(parseFilter("a.{room}.**")).toEqual({
      canonical: "a.*.**",
      tokens: ["a", "*", "**"],
      parameters: [undefined, "room", undefined],
    });
  });
});
