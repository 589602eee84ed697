import { assert, constantFrom, jsonValue, oneof, property, string, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import { createCodecs } from "../../src/codec/codec-registry.ts";
import type { Codec } from "../../src/contract/index.ts";
import { BusError, ConfigError, InvalidArgumentError } from "../../src/errors.ts";

const codecs = createCodecs([]);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder().decode(body);

function roundTrip(value: unknown, contentType?: string): unknown {
  const encoded = codecs.encode(value, contentType);
  return codecs.decode(encoded.body, encoded.contentType);
}

function nested(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

/** The code of the bus's error; `undefined` where nothing was thrown. */
function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (BusError.is(error)) return error.code;
    throw error;
  }
}

function failure(run: () => unknown): BusError {
  try {
    run();
  } catch (error) {
    if (BusError.is(error)) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

describe("encoding without a content type", () => {
  test("writes values as JSON and bytes as bytes", () => {
    expect(codecs.encode({ a: 1 }).contentType).toBe("application/json");
    expect(text(codecs.encode("twenty").body)).toBe('"twenty"');
    const body = Uint8Array.of(0, 255, 1);
    expect(codecs.encode(body)).toEqual({ body, contentType: "application/octet-stream" });
    const buffer = Buffer.from([1, 2, 3]);
    expect([...codecs.encode(buffer).body]).toEqual([1, 2, 3]);
    expect(codecs.encode(buffer).contentType).toBe("application/octet-stream");
  });

  test.each([
    { key: "k", value: 1, headers: { a: "b" } },
    { pattern: "p", data: { x: 1 }, id: "7" },
    { topic: "t", payload: [1] },
    { type: "Buffer", data: [1, 2] },
    [1, [2, [null]]],
    [],
    {},
    null,
    0,
    -1.5e300,
    "",
    "null",
    true,
    "\u2028 \u{1F600} é \0",
  ])("%j arrives as it was sent", (value) => {
    expect(roundTrip(value)).toEqual(value);
  });

  test("any JSON value arrives as it was sent", () => {
    assert(
      property(jsonValue(), (value) => {
        expect(roundTrip(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("any bytes arrive as they were sent", () => {
    assert(
      property(uint8Array(), (value) => {
        expect(roundTrip(value)).toEqual(value);
      }),
    );
  });

  test("optional properties that are undefined are left out, and dates are texts", () => {
    expect(roundTrip({ a: undefined, at: new Date(0) })).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  });

  test("a key named __proto__ is data and changes no prototype", () => {
    const decoded = codecs.decode(
      utf8('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
      "application/json",
    );
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(Object.keys(decoded as object)).toEqual(["__proto__", "constructor"]);
    expect(text(codecs.encode(decoded).body)).toContain('"__proto__"');
  });

  test.each<[string, unknown, RegExp]>([
    ["undefined", undefined, /payload is undefined.*send null/],
    ["a function", () => 1, /payload is a function/],
    ["a symbol", Symbol("x"), /payload is a symbol/],
    ["a BigInt", 1n, /payload is a BigInt.*String\(value\)/],
    ["a BigInt inside", { a: [{ b: 1n }] }, /payload\.a\[0\]\.b is a BigInt/],
    ["NaN", { price: Number.NaN }, /payload\.price is NaN/],
    ["Infinity", [1, Number.POSITIVE_INFINITY], /payload\[1\] is Infinity/],
    ["undefined in an array", [1, undefined], /payload\[1\] is undefined/],
    ["a hole in an array", Object.assign([], { 1: 2 }), /payload\[0\] is undefined/],
    ["a method", { run() {} }, /payload\.run is a function/],
    ["bytes inside", { image: Buffer.from("x") }, /payload\.image is binary/],
    ["a typed array", new Float64Array(1), /payload is binary/],
    ["an ArrayBuffer", { a: new ArrayBuffer(1) }, /payload\.a is binary/],
    ["a Map", { a: new Map() }, /payload\.a is a Map.*fromEntries/],
    ["a Set", new Set([1]), /payload is a Set/],
    ["a promise", Promise.resolve(1), /payload is a Promise.*await/],
    ["an error", new TypeError("x"), /payload is a TypeError/],
    ["a toJSON that gives nothing", { toJSON: () => undefined }, /toJSON\(\) gives nothing/],
    [
      "a toJSON that throws",
      {
        toJSON() {
          throw new Error("not me");
        },
      },
      /not me/,
    ],
  ])("refuses %s and says what to do", (_name, value, message) => {
    const error = failure(() => codecs.encode(value));
    expect(error.code).toBe("BUSBAR_CODEC");
    expect(error.retryable).toBe(false);
    expect(error.message).toMatch(message);
  });

  test("refuses a circle", () => {
    const value: Record<string, unknown> = {};
    value["self"] = { value };
    expect(failure(() => codecs.encode(value)).message).toMatch(/refers to itself/);
  });

  test("writes and reads deep values", () => {
    const value: unknown = JSON.parse(nested(1_000));
    expect(roundTrip(value)).toEqual(value);
  });

  test("refuses what is nested too deeply to write", () => {
    let value: unknown = [];
    for (let level = 0; level < 200_000; level++) value = [value];
    expect(failure(() => codecs.encode(value)).message).toMatch(/nested too deeply/);
  });

  test("reads a body that is nested deeply, or refuses it typed", () => {
    expect(codeOf(() => codecs.decode(utf8(nested(200_000)), "application/json"))).toBeOneOf([
      undefined,
      "BUSBAR_CODEC",
    ]);
  });
});

describe("encoding with a content type", () => {
  test("the content type picks the codec and goes over the wire as it was given", () => {
    expect(codecs.encode("21.5", "text/plain; charset=UTF-8")).toMatchObject({
      contentType: "text/plain; charset=UTF-8",
    });
    expect(text(codecs.encode("21.5", "text/csv").body)).toBe("21.5");
    expect(text(codecs.encode("21.5", "application/problem+json").body)).toBe('"21.5"');
    expect(text(codecs.encode({ a: 1 }, "Application/JSON").body)).toBe('{"a":1}');
  });

  test("bytes are passed as they are under any content type", () => {
    const body = utf8('{"a":1}');
    expect(codecs.encode(body, "application/json").body).toBe(body);
    expect(codecs.encode(body, "image/png")).toEqual({ body, contentType: "image/png" });
  });

  test.each<[unknown, string, RegExp]>([
    [1, "text/plain", /has to be a string, not number/],
    [null, "text/plain", /not null/],
    ["half \ud800", "text/plain", /surrogate/],
    ["é", "text/plain; charset=iso-8859-1", /UTF-8/],
    [{}, "application/octet-stream", /has to be a Uint8Array/],
    ["<a/>", "application/xml", /No codec writes application\/xml/],
  ])("refuses %j as %s", (value, contentType, message) => {
    const error = failure(() => codecs.encode(value, contentType));
    expect(error.code).toBe("BUSBAR_CODEC");
    expect(error.message).toMatch(message);
  });

  test.each(["json", "", "a/b/c", "text/plain;;=", "text/plain\r\nx: y"])(
    "refuses %j as a content type",
    (contentType) => {
      expect(failure(() => codecs.encode(1, contentType))).toBeInstanceOf(InvalidArgumentError);
    },
  );
});

describe("decoding", () => {
  test.each<[string, unknown]>([
    ['{"celsius":21.5}', { celsius: 21.5 }],
    [" [1]\n", [1]],
    ["21.5", 21.5],
    ["true", true],
    ["null", null],
    ['"text"', "text"],
    ["hello", "hello"],
    ["{half", "{half"],
    ["trueish", "trueish"],
    ["nöt", "nöt"],
    ["", ""],
    ["\ufeff{}", {}],
  ])("a foreign %j without a content type arrives as its value", (body, value) => {
    expect(codecs.decode(utf8(body), undefined)).toEqual(value);
    expect(codecs.decode(utf8(body), "")).toEqual(value);
    expect(codecs.decode(utf8(body), "not understood")).toEqual(value);
  });

  test("foreign bytes that are no text arrive as bytes", () => {
    const decoded = codecs.decode(Buffer.from([0xff, 0xfe, 0x00]), undefined);
    expect(decoded).toEqual(Uint8Array.of(0xff, 0xfe, 0x00));
    expect((decoded as object).constructor).toBe(Uint8Array);
  });

  test("an unknown content type gives the bytes, also of a Buffer inside of a larger one", () => {
    const decoded = codecs.decode(Buffer.from("--{}--").subarray(2, 4), "application/x-protobuf");
    expect((decoded as object).constructor).toBe(Uint8Array);
    expect(decoded).toEqual(utf8("{}"));
  });

  test.each<[string, Uint8Array, unknown]>([
    ["application/json; charset=utf-8", utf8("[1]"), [1]],
    ["application/vnd.acme.v2+json", utf8("[1]"), [1]],
    ["text/json", utf8("[1]"), [1]],
    ['application/json; charset="UTF-16LE"', Buffer.from("[1]", "utf16le"), [1]],
    ["text/html", utf8("[1]"), "[1]"],
    ["text/plain; charset=iso-8859-1", Uint8Array.of(0xe9), "é"],
    ["application/octet-stream", utf8("[1]"), utf8("[1]")],
  ])("%s", (contentType, body, value) => {
    expect(codecs.decode(body, contentType)).toEqual(value);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["application/json", utf8("{half"), /5 bytes came as application\/json but is not JSON/],
    ["application/json", new Uint8Array(), /empty body/],
    ["application/json", Uint8Array.of(0xff), /not valid utf-8/],
    ["text/plain", Uint8Array.of(0xff), /not valid utf-8/],
    ["text/plain; charset=klingon", utf8("x"), /"klingon", which is unknown/],
  ])("%s that is none is a codec error", (contentType, body, message) => {
    const error = failure(() => codecs.decode(body, contentType));
    expect(error.code).toBe("BUSBAR_CODEC");
    expect(error.message).toMatch(new RegExp(message.source, "i"));
  });

  test("any content type and any bytes give a value or a codec error", () => {
    const contentTypes = oneof(string(), constantFrom("application/json", "text/plain", undefined));
    assert(
      property(uint8Array(), contentTypes, (body, contentType) => {
        expect(codeOf(() => codecs.decode(body, contentType))).toBeOneOf([undefined, "BUSBAR_CODEC"]);
      }),
    );
  });

  test("a thousand different content types do not pile up or slow down", () => {
    for (let index = 0; index < 2_000; index++)
      expect(codecs.decode(utf8("1"), `application/json; boundary=b${index}`)).toBe(1);
  });
});

describe("codecs of the user", () => {
  const reversed: Codec<string> = {
    contentType: "application/x-reversed",
    encode: (value) => utf8([...value].toReversed().join("")),
    decode: (body) => [...text(body)].toReversed().join(""),
  };

  test("take their content type, with parameters, and the suffix", () => {
    const mine = createCodecs([reversed]);
    expect(text(mine.encode("abc", "application/x-reversed; v=2").body)).toBe("cba");
    expect(mine.decode(utf8("cba"), "application/X-Reversed;v=2")).toBe("abc");
    expect(mine.decode(utf8("cba"), "application/acme+x-reversed")).toBe("abc");
    expect(mine.encode({ a: 1 }).contentType).toBe("application/json");
  });

  test("win over the built-in ones, also for what has no content type", () => {
    const mine = createCodecs([{ contentType: "application/json", encode: () => utf8("mine"), decode: () => "mine" }]);
    expect(text(mine.encode({ a: 1 }).body)).toBe("mine");
    expect(mine.decode(utf8("{}"), "application/json; charset=utf-8")).toBe("mine");
    expect(mine.encode(Uint8Array.of(1)).contentType).toBe("application/octet-stream");
  });

  test("may write bytes themselves", () => {
    const mine = createCodecs([
      {
        contentType: "application/gzip",
        encode: (value) => Uint8Array.of(9, ...(value as Uint8Array)),
        decode: (body) => body.subarray(1),
      },
    ]);
    expect([...mine.encode(Uint8Array.of(1), "application/gzip").body]).toEqual([9, 1]);
  });

  test("that throw, or give no bytes, make a codec error with the cause", () => {
    const cause = new Error("no such field");
    const mine = createCodecs([
      {
        contentType: "application/x-bad",
        encode: () => "text" as unknown as Uint8Array,
        decode: () => {
          throw cause;
        },
      },
    ]);
    expect(failure(() => mine.encode(1, "application/x-bad")).message).toMatch(/gave no Uint8Array/);
    const error = failure(() => mine.decode(utf8("x"), "application/x-bad"));
    expect(error).toMatchObject({ code: "BUSBAR_CODEC", cause });
    expect(error.message).toMatch(/no such field/);
  });

  test("without a proper content type, or with the same one twice, are refused together", () => {
    const error = failure(() => createCodecs([reversed, { ...reversed, contentType: "reversed" }, reversed]));
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toHaveLength(2);
  });

  test("are given plain bytes, whatever the broker's client gave", () => {
    const given: Uint8Array[] = [];
    const mine: Codec = {
      contentType: "application/x-mine",
      encode: () => utf8(""),
      decode: (body) => given.push(body),
    };
    createCodecs([mine]).decode(Buffer.from("abc").subarray(1), "application/x-mine");
    expect(given).toEqual([utf8("bc")]);
  });
});
