import { describe, expect, expectTypeOf, it } from "vitest";
import { concreteTopic, paramsOf, topic } from "../../src/topic/typed-topic.ts";
import type { ParamsOf } from "../../src/topic/typed-topic.ts";

describe("a typed topic", () => {
  const temperature = topic("sensor.{room}.temperature");

  it("knows its parameters by type", () => {
    expectTypeOf<ParamsOf<"a.{x}.{y}">>().toExtend<{ readonly x: string; readonly y: string }>();
  });

  it("gives any value of a parameter back", () => {
    for (const room of ["kitchen", "living room", "a/b", "", "_x20_", "grün"]) {
      const concrete = concreteTopic(temperature, { room });
      expect(concrete).toMatch(/^sensor\.[A-Za-z0-9_-]+\.temperature$/);
      expect({ ...paramsOf(temperature.filter, concrete) }).toEqual({ room });
    }
  });

  it("says which parameter is missing and which is unknown", () => {
    expect(() => concreteTopic(temperature, { rom: "x" })).toThrow("params.room is missing, params.rom is not in it");
  });

  it("refuses wildcards", () => {
    expect(() => topic("sensor.*")).toThrow("name the token");
  });

  it("keeps a parameter called constructor harmless", () => {
    const odd = topic("a.{constructor}");
    expect(paramsOf(odd.filter, "a.b")["constructor"]).toBe("b");
  });
});
