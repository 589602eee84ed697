import { assert, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import type { ConfigSource } from "../../src/config/config-source.ts";
import { substitute } from "../../src/config/variables.ts";
import { yamlSource } from "../../src/config/yaml-source.ts";

function read(text: string, environment: Readonly<Record<string, string>> = {}): ConfigSource {
  return yamlSource({ text, file: "a.yaml", folder: "/", environment });
}

function problems(text: string, environment: Readonly<Record<string, string>> = {}): string[] {
  return read(text, environment).problems.map((problem) => problem.text);
}

describe("variables", () => {
  test.each([
    ["a: ${X}", { a: "one" }],
    ["a: { b: ${X}, c: ${X} }", { a: { b: "one", c: "one" } }],
    ["a: [${X}, '${X}', \"${X}\"]", { a: ["one", "one", "one"] }],
    ["a: mqtt://${X}:${PORT:-1883}/x", { a: "mqtt://one:1883/x" }],
    ["a: ${EMPTY:-two}", { a: "two" }],
    ["a: '${EMPTY}'", { a: "" }],
    ["a: '${NONE:-}'", { a: "" }],
    ["a: $${X}", { a: "${X}" }],
    ["a: $X {X} $", { a: "$X {X} $" }],
    ["a: |\n  ${X}\n  x", { a: "one\nx\n" }],
    ["# ${NONE}\na: 1", { a: 1 }],
    ["${X}: 1", { "${X}": 1 }],
  ])("%s", (text, value) => {
    const source = read(text, { X: "one", EMPTY: "" });
    expect(source.problems).toEqual([]);
    expect(source.value).toEqual(value);
  });

  test("what a variable holds never breaks out of its place", () => {
    assert(
      property(string(), (secret) => {
        const source = read("a: { b: ${X}, c: '${X}' }\nd: ${X} # x", { X: secret });
        expect(source.problems).toEqual([]);
        expect(source.value).toEqual({ a: { b: secret, c: secret }, d: secret });
      }),
    );
    expect(read("a: ${X}", { X: "1\nb: ${Y}\n# \u{E0B5}", Y: "no" }).value).toEqual({ a: "1\nb: ${Y}\n# \u{E0B5}" });
  });

  test("missing and malformed ones are all reported, each at its line", () => {
    expect(problems("a: ${NONE}\nb: [x, '${ALSO}${NONE}']\nc: ${a b}\nd: ${X")).toEqual([
      "a.yaml:1: a: needs the environment variable NONE, which is not set; set it, or write ${NONE:-default}",
      "a.yaml:2: b[1]: needs the environment variable ALSO, which is not set; set it, or write ${ALSO:-default}",
      "a.yaml:2: b[1]: needs the environment variable NONE, which is not set; set it, or write ${NONE:-default}",
      expect.stringContaining("a.yaml:3: c: has a ${ that begins no"),
      expect.stringContaining("a.yaml:4: d: has a ${ that begins no"),
    ]);
  });

  test("are told, so that nobody prints what they hold", () => {
    const source = read("a: { b: x${X}${Y:-1} }\nc: $${X}", { X: "one" });
    expect(source.variablesIn(["a", "b"])).toEqual(["X", "Y"]);
    expect(source.variablesIn(["c"])).toEqual([]);
    expect(substitute("${__proto__}", {}).problems).toHaveLength(1);
  });
});

describe("YAML", () => {
  test.each([
    ["a: [1, 2", /^a\.yaml:\d: this is not YAML/],
    ["a: 1\nb: 2\na: 3", /^a\.yaml:3: a key stands here for the second time/],
    ["a: 1\n---\nb: 2", /^a\.yaml:2: a second document begins here/],
    ["a: *x", /^a\.yaml:1: a: a value that begins with \*/],
    ["a: !x y", /^a\.yaml:1: this is not YAML: a value that begins with \*/],
    ["a: memory:", /^a\.yaml:1: a text with ": " in it, or with ":" at its end, has to be in quotes/],
    ['a: "\\q"', /^a\.yaml:1: there is no such escape/],
    ["? [1]\n: x", /^a\.yaml:1: has a key that is not a plain name/],
    ["a: &x [*x]", /^a\.yaml:1: a\[0\]: refers to itself/],
  ])("%s", (text, message) => {
    expect(problems(text)).toEqual([expect.stringMatching(message)]);
  });

  test("a key named __proto__ is a key", () => {
    const { value } = read("__proto__: { polluted: true }");
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("anchors may be used again, but not without bound", () => {
    expect(read("a: &x { b: 1 }\nc: *x").value).toEqual({ a: { b: 1 }, c: { b: 1 } });
    const lines = ["a0: &a0 [x, x]", ...Array.from({ length: 20 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`)];
    expect(problems(lines.join("\n"))).not.toEqual([]);
  });

  test("lines are those of the keys", () => {
    const source = read("a:\n  b:\n    - x\n    - y\nc: {}");
    expect(source.lineOf(["a", "b", 1])).toBe(4);
    expect(source.lineOf(["a", "b"])).toBe(2);
    expect(source.lineOf(["c", "not there"])).toBe(5);
  });
});
