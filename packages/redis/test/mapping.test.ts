import type { OutboundRecord } from "@busbar/core/contract";
import { UnsupportedError } from "@busbar/core/driver";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entryOf } from "../src/from-record.ts";
import { redisSettings } from "../src/options.ts";
import type { RedisOptions } from "../src/options.ts";
import { effectiveCapabilities } from "../src/capabilities.ts";
import { recordOf } from "../src/to-record.ts";
import { Keys, nameOf, topicOf } from "../src/topic.ts";
import { record } from "./fixtures.ts";

/** What comes back of it, when the server gives the fields as bytes. */
function overTheWire(outbound: OutboundRecord): ReturnType<typeof recordOf> {
  const fields = entryOf(outbound).map((word) => Buffer.from(word));
  return recordOf(outbound.address, { id: "1700000000000-0", fields });
}

describe("records", () => {
  it("come back as they were, with everything and with nothing", () => {
    const full = record("a.b", new Uint8Array([0, 255, 10]), {
      topic: "a.c",
      headers: { body: "mine", "X-Id": "täg", ["__proto__"]: "p" },
      key: "k",
      replyTo: "_busbar.replies.x",
      correlationId: "7",
    });
    const { native: _, ...back } = overTheWire(full);
    const { delivery: _1, sending: _2, publishToken: _3, ...sent } = full;
    expect(back).toEqual({ ...sent, body: Buffer.from(sent.body) });
    const { native: _4, ...bare } = overTheWire(record("a.b"));
    expect(Object.keys(JSON.parse(JSON.stringify(bare)) as object).sort()).toEqual([
      "address",
      "body",
      "contentType",
      "headers",
      "id",
      "timestamp",
    ]);
  });

  it("take a foreign entry for what it is: a body, headers, and the time of the server", () => {
    const fields = ["body", "hello", "unit", "C", "not a header", "x", "control", "a\nb"].map((word) =>
      Buffer.from(word),
    );
    const { native: _, ...foreign } = recordOf("a", { id: "1700000000000-0", fields });
    expect(foreign).toEqual({
      address: "a",
      body: Buffer.from("hello"),
      headers: { unit: "C" },
      timestamp: 1_700_000_000_000,
    });
    expect(recordOf("a", { id: "1-0", fields: [] }).body).toEqual(Buffer.alloc(0));
  });

  it.each([{ retain: true }, { expiresInMs: 1 }, { delayMs: 1 }, { priority: 1 }])("are refused with %o", (changes) => {
    expect(() => entryOf(record("a", "", changes))).toThrow(UnsupportedError);
  });

  it.each([
    ["text", [0x61], [0x62]],
    ["bytes", [0xff], [0xfe]],
  ])("do not share a body of %s with their caller", (_what, before, after) => {
    const body = Uint8Array.from(before);
    const words = entryOf(record("a", body));
    body.set(after);
    expect(Buffer.from(words.at(-1) ?? "")).toEqual(Buffer.from(before));
  });

  it("have the body that was published, whatever its bytes and its length", () => {
    const short = fc.uint8Array({ maxLength: 64 });
    const text = fc.string({ minLength: 4000, maxLength: 4200 }).map((letters) => Buffer.from(letters));
    fc.assert(
      fc.property(fc.oneof(short, text), (body) => {
        expect(overTheWire(record("a", body)).body).toEqual(Buffer.from(body));
      }),
    );
  });
});

describe("names", () => {
  it("are topics, one to one, and none is a key of the driver's own", () => {
    const token = fc.stringMatching(/^[A-Za-z0-9_-]+$/);
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 4 }), (tokens) => {
        const topic = tokens.join(".");
        expect(topicOf(nameOf(topic))).toBe(topic);
        expect(nameOf(topic)).not.toContain(":");
      }),
    );
    const keys = new Keys("busbar:");
    expect(keys.stream("a.living_x20_room")).toBe("busbar:a.living room");
    expect(keys.stream("_x3A_topics")).not.toBe(keys.topics);
    expect(topicOf("a.living room")).toBe("a.living_x20_room");
  });
});

describe("options", () => {
  const problemsOf = (options: unknown): unknown => {
    try {
      redisSettings(options as RedisOptions);
    } catch (error) {
      return (error as { readonly problems?: unknown }).problems;
    }
    return undefined;
  };

  it("are read from the URL, and have defaults", () => {
    expect(redisSettings({ url: "rediss://bus:p%40ss@[::1]:7000/3" })).toMatchObject({
      host: "::1",
      port: 7000,
      database: 3,
      username: "bus",
      password: "p@ss",
      tls: {},
    });
    expect(redisSettings({ url: "redis://:secret@host" })).toMatchObject({
      port: 6379,
      username: undefined,
      password: "secret",
      tls: undefined,
      prefix: "busbar:",
      maxLength: 1_000_000,
      leaseMs: 30_000,
    });
  });

  it("are refused all at once, without the password", () => {
    const wrong = { url: "redis://bus:secret@one,two", clientname: "a", native: { leaseMs: 1, maxLength: -1 } };
    const problems = problemsOf(wrong);
    expect(problems).toHaveLength(4);
    expect(JSON.stringify(problems)).not.toContain("secret");
  });
});

describe("warnings", () => {
  const settings = redisSettings({ url: "redis://host", native: { maxLength: 0 } });
  const info = new Map([["redis_version", "7.0.15"]]);
  const warningsWith = (config: Record<string, string> | undefined): readonly string[] =>
    effectiveCapabilities(
      { info, config: config === undefined ? undefined : new Map(Object.entries(config)) },
      settings,
    ).warnings;

  it("say what the server loses by itself", () => {
    expect(warningsWith({ appendonly: "yes", appendfsync: "always" })).toEqual([]);
    expect(warningsWith({ appendonly: "no" })).toEqual([expect.stringMatching(/appendonly/)]);
    expect(warningsWith({ appendonly: "yes", appendfsync: "everysec" })).toEqual([
      expect.stringMatching(/appendfsync always/),
    ]);
    const evicting = { appendonly: "yes", appendfsync: "always", maxmemory: "1", "maxmemory-policy": "allkeys-lru" };
    expect(warningsWith(evicting)).toEqual([expect.stringMatching(/noeviction/)]);
    expect(warningsWith(undefined)).toEqual([expect.stringMatching(/CONFIG GET/)]);
  });
});
