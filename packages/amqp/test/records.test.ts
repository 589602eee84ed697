import type { Message } from "amqplib";
import { describe, expect, it } from "vitest";
import { bodyOf, propertiesOf } from "../src/from-record.ts";
import { deliveriesOf, recordOf } from "../src/to-record.ts";
import { record } from "./fixtures.ts";

function message(properties: Partial<Message["properties"]>, content = "x", routingKey = "a.b"): Message {
  return {
    content: Buffer.from(content),
    fields: { deliveryTag: 1, redelivered: false, exchange: "amq.topic", routingKey },
    properties: properties as Message["properties"],
  };
}

describe("from a record", () => {
  it("uses native properties, and headers of the bus only where they are needed", () => {
    const plain = record("a.b", "{}", { id: "1", timestamp: 1_700_000_000_000, headers: { one: "1" } });
    expect(propertiesOf(plain)).toEqual({
      messageId: "1",
      contentType: "application/json",
      timestamp: 1_700_000_000,
      persistent: true,
      mandatory: true,
      headers: { one: "1" },
    });
    const rich = record("folded", "{}", { topic: "a.b", key: "k", timestamp: 1_700_000_000_001, expiresInMs: 1500.2 });
    expect(propertiesOf(rich)).toMatchObject({
      expiration: "1501",
      headers: { "busbar-topic": "a.b", "busbar-key": "k", "busbar-timestamp": "1700000000001" },
    });
  });

  it("has properties for where an answer goes and what it belongs to", () => {
    const request = record("_busbar.rpc.sum", "", { replyTo: "_busbar.reply.living_x20_room", correlationId: "7" });
    expect(propertiesOf(request)).toMatchObject({ replyTo: "_busbar.reply.living room", correlationId: "7" });
    expect(propertiesOf(record("a"))).not.toHaveProperty("replyTo");
  });

  it("lets no time run out in the queue that holds a message, but says until when it is worth delivering", () => {
    const before = Date.now();
    const held = propertiesOf(record("a", "", { delayMs: 1_000, expiresInMs: 5_000 }));
    expect(held).not.toHaveProperty("expiration");
    const expiresAt = Number((held.headers as Record<string, string>)["busbar-expires-at"]);
    expect(expiresAt - 5_000).toBeGreaterThanOrEqual(before);
    expect(expiresAt - 5_000).toBeLessThanOrEqual(Date.now());
    expect(propertiesOf(record("a", "", { delayMs: 0, expiresInMs: 5_000 }))).toMatchObject({ expiration: "5000" });
  });

  it("sends at most once neither persistent nor mandatory", () => {
    expect(propertiesOf(record("a", "", { delivery: "at-most-once" }))).toMatchObject({
      persistent: false,
      mandatory: false,
    });
  });

  it("hands over the very bytes, of a part of a buffer too", () => {
    const whole = Uint8Array.from([1, 2, 3, 4]);
    expect([...bodyOf(record("a", whole.subarray(1, 3)))]).toEqual([2, 3]);
  });

  it("changes no record", () => {
    const frozen = Object.freeze(record("a", "x", { headers: Object.freeze({ CC: "1", a: "b" }), key: "k" }));
    expect(() => propertiesOf(frozen)).not.toThrow();
  });

  it.each([
    ["an id over 255 bytes", { id: "ü".repeat(128) }, "BUSBAR_INVALID_ARGUMENT"],
    ["a content type over 255 bytes", { contentType: "x".repeat(256) }, "BUSBAR_INVALID_ARGUMENT"],
    ["a header's name over 255 bytes", { headers: { ["h".repeat(256)]: "1" } }, "BUSBAR_INVALID_ARGUMENT"],
    ["a reply address over 255 bytes", { replyTo: "a".repeat(256) }, "BUSBAR_INVALID_ARGUMENT"],
    ["a correlation id over 255 bytes", { correlationId: "1".repeat(256) }, "BUSBAR_INVALID_ARGUMENT"],
    ["an expiry over ten years", { expiresInMs: 315_360_000_001 }, "BUSBAR_INVALID_ARGUMENT"],
    ["retain", { retain: true }, "BUSBAR_UNSUPPORTED"],
  ])("refuses %s before anything is sent", (_, changes, code) => {
    expect(() => propertiesOf(record("a", "", changes))).toThrow(expect.objectContaining({ code, retryable: false }));
  });
});

describe("to a record", () => {
  it("gives back what was sent, headers with names of the broker's own too", () => {
    const headers = JSON.parse('{"CC":"1","x-death":"2","__proto__":"3","plain":"4","x-mine":"5"}') as Record<
      string,
      string
    >;
    const sent = record("folded", "{}", { topic: "a.b", key: "k", headers, timestamp: 1_700_000_000_999 });
    const { headers: wire, ...properties } = propertiesOf(sent);
    expect(Object.keys(wire as object)).not.toContain("CC");
    const got = recordOf(message({ ...properties, headers: wire as Record<string, string> }, "{}", "folded"));
    expect(got).toMatchObject({ address: "folded", topic: "a.b", key: "k", id: sent.id, timestamp: sent.timestamp });
    expect(new Map(Object.entries(got.headers))).toEqual(new Map(Object.entries(headers)));
  });

  it("says where the answer to a request of anybody goes", () => {
    const properties = { replyTo: "living room.1", correlationId: "7", headers: undefined };
    expect(recordOf(message(properties))).toMatchObject({ replyTo: "living_x20_room.1", correlationId: "7" });
  });

  it("takes a foreign message without any metadata", () => {
    const { native: _, ...got } = recordOf(message({ headers: undefined }, "plain", "living room.1"));
    expect(got).toEqual({ address: "living_x20_room.1", body: Buffer.from("plain"), headers: {} });
  });

  it("takes the seconds of a foreign message as its time", () => {
    expect(recordOf(message({ timestamp: 1_700_000_000 })).timestamp).toBe(1_700_000_000_000);
    expect(recordOf(message({ timestamp: 1_700_000_000, headers: { "busbar-timestamp": "nonsense" } })).timestamp).toBe(
      1_700_000_000_000,
    );
  });

  it("writes headers of other types as text, and leaves out the broker's own", () => {
    const headers = {
      number: 12,
      flag: true,
      nothing: null,
      bytes: Buffer.from("raw"),
      list: [1, "two"],
      when: { "!": "timestamp", value: 1_700_000_000 },
      price: { "!": "decimal", value: { places: 2, digits: 5 } },
      "x-death": [{ count: 1 }],
      "x-delivery-count": 3,
    };
    expect(recordOf(message({ headers: headers as never })).headers).toEqual({
      number: "12",
      flag: "true",
      nothing: "",
      bytes: "raw",
      list: '[1,"two"]',
      when: "1700000000",
      price: "0.05",
    });
  });

  it("writes tables that only look like another type as the tables that they are, and those that are too deep as nothing", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level++) deep = { a: deep };
    const headers = {
      price: { "!": "decimal" },
      when: { "!": "timestamp", value: { toString: 1 } },
      deep,
      next: "x",
    };
    expect(recordOf(message({ headers })).headers).toEqual({
      price: '{"!":"decimal"}',
      when: '{"!":"timestamp","value":{"toString":1}}',
      deep: "",
      next: "x",
    });
  });

  it("counts deliveries where the queue does", () => {
    expect(deliveriesOf(message({ headers: {} }), true)).toBe(1);
    expect(deliveriesOf(message({ headers: { "x-delivery-count": 2 } }), true)).toBe(3);
    expect(deliveriesOf(message({ headers: {} }), false)).toBeUndefined();
  });
});
