import type { OutboundRecord } from "@busbar/core/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { IPublishPacket } from "mqtt";
import { readEnvelope, writeEnvelope } from "../src/envelope.ts";
import { assertFits, fromRecord } from "../src/from-record.ts";
import { metadataProperty, readMetadata, writeMetadata } from "../src/message-metadata.ts";
import { isFrom, toRecord } from "../src/to-record.ts";
import { outbound } from "./fixtures.ts";

function packet(changes: Partial<IPublishPacket> = {}): IPublishPacket {
  return {
    cmd: "publish",
    topic: "a/b",
    payload: Buffer.from("x"),
    qos: 1,
    dup: false,
    retain: false,
    messageId: 7,
    ...changes,
  };
}

describe("metadata", () => {
  it("comes back as it was written, in ASCII, whatever it is", () => {
    const anything = fc.string({ unit: "binary", minLength: 1 });
    const metadata = fc.record(
      { id: anything, timestamp: fc.integer(), key: anything, topic: anything, origin: anything },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(metadata, (value) => {
        const written = writeMetadata(value);
        expect(written).toMatch(/^[ -~]*$/);
        expect(readMetadata(written)).toEqual(value);
      }),
    );
  });

  it("is as short as it can be", () => {
    expect(writeMetadata({ id: "1", timestamp: 2 })).toBe('["1",2]');
    expect(writeMetadata({ id: "1", timestamp: 2, key: "k" })).toBe('["1",2,"k"]');
    expect(writeMetadata({ key: "k", topic: "a.b" })).toBe('[null,null,"k","a.b"]');
    expect(writeMetadata({ id: "1", timestamp: 2, topic: "a.b" })).toBe('["1",2,null,"a.b"]');
    expect(writeMetadata({ id: "1", timestamp: 2, origin: "o" })).toBe('["1",2,null,null,"o"]');
  });

  it.each(["", "x", "{}", "null", "[", '{"0":"id"}', "[1,[],{},false]", '["","x",null,""]'])(
    "of the shape %j says nothing",
    (written) => {
      expect(readMetadata(written)).toEqual({});
    },
  );
});

describe("a message's origin", () => {
  it("is what it says itself, and not what looks like it", () => {
    const written = (metadata: string | string[]): IPublishPacket =>
      packet({ properties: { userProperties: { [metadataProperty]: metadata } } });
    expect(isFrom("o-1", written('["1",2,null,null,"o-1"]'))).toBe(true);
    expect(isFrom("o-1", written(['["1",2,null,null,"o-1"]', "[]"]))).toBe(true);
    for (const other of ['["1",2,"o-1"]', '["1",2,"k","o-1","o-2"]', '["1",2,null,null,"o-12"]', "o-1", "["])
      expect(isFrom("o-1", written(other))).toBe(false);
    expect(isFrom("o-1", packet())).toBe(false);
    expect(isFrom("o-1", packet({ properties: { userProperties: { "busbar-origin": "o-1" } } }))).toBe(false);
  });

  it("is not written to what the bus passes on", () => {
    const originOf = (changes: Partial<OutboundRecord>, address = "a.b"): string | undefined => {
      const { properties } = fromRecord(outbound(address, "x", changes), 5, { origin: "o" }).options;
      return readMetadata(String(properties?.userProperties?.[metadataProperty])).origin;
    };
    expect(originOf({})).toBe("o");
    expect(originOf({ delivery: "at-most-once" })).toBe("o");
    expect(originOf({ passedOn: true })).toBeUndefined();
    expect(originOf({}, "_busbar.reply.x")).toBeUndefined();
  });
});

describe("an outbound record", () => {
  it("is one property beside the user's own headers", () => {
    const record = outbound("a.b", "body", { id: "i", key: "k", headers: { one: "1" }, timestamp: 5 });
    const { topic, payload, options } = fromRecord(Object.freeze(record), 5);
    expect(topic).toBe("a/b");
    expect(payload.toString()).toBe("body");
    expect(options).toEqual({
      qos: 1,
      retain: false,
      properties: { contentType: "application/json", userProperties: { one: "1", [metadataProperty]: '["i",5,"k"]' } },
    });
  });

  it("carries nothing that an at-most-once message does not need", () => {
    const { options } = fromRecord(outbound("a", "", { delivery: "at-most-once" }), 5);
    expect(options).toEqual({ qos: 0, retain: false, properties: { contentType: "application/json" } });
    const keyed = fromRecord(outbound("a", "", { delivery: "at-most-once", key: "k", id: "i", timestamp: 5 }), 5);
    expect(keyed.options.properties?.userProperties).toEqual({ [metadataProperty]: '["i",5,"k"]' });
  });

  it("says the topic only where it is folded", () => {
    const { topic, options } = fromRecord(outbound("sensors", "", { topic: "sensor.a", id: "i", timestamp: 5 }), 5);
    expect(topic).toBe("sensors");
    expect(options.properties?.userProperties).toEqual({ [metadataProperty]: '["i",5,null,"sensor.a"]' });
  });

  it("says where an answer goes and what it belongs to in the protocol's own properties", () => {
    const { options } = fromRecord(
      outbound("a", "", { replyTo: "_busbar.reply.living_x20_room", correlationId: "ä" }),
      5,
    );
    expect(options.properties).toMatchObject({
      responseTopic: "_busbar/reply/living room",
      correlationData: Buffer.from("ä"),
    });
  });

  it.each([
    [1, 1],
    [1000, 1],
    [1001, 2],
    [0, 1],
    [2 ** 52, 0xffff_ffff],
  ])("that expires in %d ms expires in %d s", (expiresInMs, seconds) => {
    expect(fromRecord(outbound("a", "", { expiresInMs }), 5).options.properties?.messageExpiryInterval).toBe(seconds);
  });

  it.each([
    [{ headers: { a: "1" } }, 4, "headers"],
    [{ key: "k" }, 4, "headers"],
    [{ topic: "other" }, 4, "headers"],
    [{ expiresInMs: 1 }, 4, "expiry"],
    [{ replyTo: "a", correlationId: "1" }, 4, "replies"],
    [{ contentType: "text/plain" }, 4, "headers"],
    [{ contentType: "image/png" }, 4, "headers"],
    [{ delayMs: 1 }, 5, "delay"],
    [{ priority: 1 }, 5, "priority"],
    [{ retain: true, body: new Uint8Array() }, 5, "emptyBody"],
  ] as const)("with %j on version %d is refused: %s", (changes, version, capability) => {
    const refusal = expect.objectContaining({
      code: "BUSBAR_UNSUPPORTED",
      needs: [expect.objectContaining({ capability })],
    });
    expect(() => fromRecord(outbound("a", "x", changes), version)).toThrow(refusal);
  });

  it.each([
    "application/json; charset=utf-8",
    "text/json",
    "application/vnd.busbar.dead-letter+json",
    "application/octet-stream",
  ])("of the type %s needs none on MQTT 3.1.1", (contentType) => {
    expect(fromRecord(outbound("a", "{}", { contentType }), 4).payload.toString()).toBe("{}");
  });

  it("has no properties at all on MQTT 3.1.1", () => {
    expect(fromRecord(outbound("a", "x"), 4).options).toEqual({ qos: 1, retain: false });
  });

  it.each([
    [{ headers: { a: "x".repeat(65_536) } }, "longer"],
    [{ headers: { a: "\uFFFE" } }, "Unicode"],
    [{ headers: { a: "\uD800" } }, "Unicode"],
    [{ contentType: "a\u0001" }, "control"],
    [{ key: "k".repeat(65_536) }, "longer"],
  ])("with a text that would end the connection is refused (%#)", (changes, word) => {
    const refusal = expect.objectContaining({
      code: "BUSBAR_INVALID_ARGUMENT",
      message: expect.stringContaining(word) as string,
    });
    expect(() => fromRecord(outbound("a", "x", changes), 5)).toThrow(refusal);
  });

  it("that is larger than the server takes is refused", () => {
    const publication = fromRecord(outbound("a", new Uint8Array(1000)), 5);
    expect(() => assertFits(publication, 1000)).toThrow(
      expect.objectContaining({ code: "BUSBAR_TOO_LARGE", retryable: false }),
    );
    expect(() => assertFits(publication, 2000)).not.toThrow();
  });
});

describe("an inbound record", () => {
  it("of a foreign client has what the message has, and no more", () => {
    const { native, ...record } = toRecord(packet());
    expect(native).toMatchObject({ topic: "a/b" });
    expect(record).toEqual({ address: "a.b", body: Buffer.from([120]), headers: {} });
  });

  it("keeps every foreign property as a header, several of one name joined", () => {
    const userProperties = Object.assign(Object.create(null) as object, {
      one: "1",
      many: ["a", "b"],
      ["__proto__"]: "odd",
    });
    const { headers } = toRecord(packet({ properties: { userProperties } }));
    expect(Object.entries(headers)).toEqual([
      ["one", "1"],
      ["many", "a, b"],
      ["__proto__", "odd"],
    ]);
  });

  it("says where the answer goes, and gives a foreign client's correlation data back byte for byte", () => {
    const correlationData = Buffer.from([0xff, 0x00, 0x80]);
    const { replyTo, correlationId } = toRecord(
      packet({ properties: { responseTopic: "my/answers", correlationData } }),
    );
    expect(replyTo).toBe("my.answers");
    const answer = fromRecord(outbound("my.answers", "", { correlationId: correlationId ?? "" }), 5);
    expect(answer.options.properties?.correlationData).toEqual(correlationData);
  });

  it("tells a kept message from one published just now", () => {
    expect(toRecord(packet({ retain: true })).retained).toBe(true);
    expect(toRecord(packet()).retained).toBeUndefined();
  });

  it("is what the outbound record was", () => {
    const answer = { replyTo: "_busbar.reply.a", correlationId: "7" };
    const sent = outbound("a.b", "body", { key: "k", headers: { one: "1" }, topic: "real.topic", ...answer });
    const { topic, payload, options } = fromRecord(sent, 5);
    const { native: _, ...record } = toRecord(packet({ topic, payload, ...options } as Partial<IPublishPacket>));
    const { delivery: _d, sending: _s, publishToken: _p, ...expected } = sent;
    expect(record).toEqual({ ...expected, body: Buffer.from("body") });
  });
});

describe("an envelope", () => {
  const header = fc.string({ unit: "binary" });
  const anything = fc.record(
    {
      id: fc.string({ unit: "binary", minLength: 1 }),
      key: header,
      timestamp: fc.integer(),
      contentType: header,
      headers: fc.dictionary(fc.string(), header),
      correlationId: header,
      body: fc.uint8Array(),
    },
    { requiredKeys: ["id", "timestamp", "contentType", "headers", "body"] },
  );

  it("gives back all that MQTT 3.1.1 has no place for, whatever it is, and the body byte for byte", () => {
    fc.assert(
      fc.property(anything, ({ body, ...changes }) => {
        const sent = outbound("a.b", body, {
          ...changes,
          topic: "real.topic",
          replyTo: "_busbar.reply.living_x20_room",
        });
        const { topic, payload, options } = fromRecord(sent, 4, { envelope: true });
        expect(options).toEqual({ qos: 1, retain: false });
        const { native: _, ...record } = toRecord(packet({ topic, payload }), true);
        const { delivery: _d, sending: _s, publishToken: _p, ...expected } = sent;
        expect(record).toEqual({ ...expected, body: Buffer.from(body) });
        expect(toRecord(packet({ topic, payload })).body).toBe(payload);
      }),
    );
  });

  const written = JSON.parse(writeEnvelope(outbound("a", "x")).toString()) as object;
  it.each([
    "",
    "{}",
    '{"busbar-envelope":1,',
    '{"busbar-envelope":1,"body":"eA==",',
    ...[
      { body: "no base64" },
      { body: "eA" },
      { body: undefined },
      { body: 1 },
      { id: 1 },
      { timestamp: "1" },
      { key: null },
      { topic: [] },
      { contentType: {} },
      { headers: ["a"] },
      { headers: null },
      { headers: { a: 1 } },
      { replyTo: 7 },
      { correlationId: false },
      { "busbar-envelope": 2 },
    ].map((change) => JSON.stringify({ ...written, ...change })),
  ])("is not what looks like %j", (text) => {
    expect(readEnvelope(Buffer.from(JSON.stringify(written)))).toBeDefined();
    expect(readEnvelope(Buffer.from(text))).toBeUndefined();
    expect(toRecord(packet({ payload: Buffer.from(text) }), true)).toMatchObject({
      body: Buffer.from(text),
      headers: {},
    });
  });

  it("is not put around nothing that deletes a last value", () => {
    const nothing = outbound("a", "", { retain: true });
    expect(fromRecord(nothing, 4, { envelope: true, clears: true }).payload.byteLength).toBe(0);
    expect(() => fromRecord(nothing, 4, { envelope: true })).toThrow(
      expect.objectContaining({ needs: [expect.objectContaining({ capability: "emptyBody" })] }),
    );
  });
});
