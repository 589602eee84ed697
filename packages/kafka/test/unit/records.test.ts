import { UnsupportedError } from "@busbar/core/driver";
import fc from "fast-check";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import type { ClientMessage, ClientRecord } from "../../src/client.ts";
import { deadLetterToRecord, toRecord } from "../../src/to-record.ts";
import { batchBytes, toDeadLetter, toMessage } from "../../src/from-record.ts";
import { record } from "../fixtures.ts";

const headerName = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_|~`-]{1,10}$/),
  fc.constantFrom("__proto__", "constructor", "toString"),
);
const notOurs = headerName.filter((name) => !name.startsWith("busbar-") && name !== "content-type");

describe("a record on the wire", () => {
  it("comes back as it was sent", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 50 }),
        fc.array(fc.tuple(notOurs, fc.string({ unit: "grapheme", maxLength: 8 })), { maxLength: 5 }),
        fc.option(fc.string({ unit: "grapheme", maxLength: 8 }), { nil: undefined }),
        fc.boolean(),
        (body, headers, key, folded) => {
          const sent = record("a.b", body, {
            headers: Object.fromEntries(headers),
            ...(key === undefined ? {} : { key }),
            ...(folded ? { address: "folded" } : {}),
          });
          const back = toRecord(received(toMessage(sent)), sent.address);
          expect([...back.body]).toEqual([...body]);
          expect(new Map(Object.entries(back.headers))).toEqual(new Map(Object.entries(sent.headers)));
          expect(back.key).toBe(key);
          expect(back).toMatchObject({
            address: sent.address,
            id: sent.id,
            timestamp: sent.timestamp,
            contentType: "text/plain",
          });
          expect(back.topic).toBe(folded ? "a.b" : undefined);
        },
      ),
    );
  });

  it("says in headers where an answer goes and what it belongs to", () => {
    const request = toMessage(record("a", "", { replyTo: "_busbar.reply._x0_", correlationId: "7" }));
    expect(request.headers).toMatchObject({
      "busbar-reply-to": Buffer.from("_busbar.reply."),
      "busbar-correlation-id": Buffer.from("7"),
    });
    const back = toRecord(received(request), "a");
    expect(back).toMatchObject({ replyTo: "_busbar.reply._x0_", correlationId: "7", headers: {} });
    expect(toRecord(received(toMessage(record("a"))), "a").replyTo).toBeUndefined();
  });

  it("has the body as its value, and each header by itself", () => {
    const message = toMessage(record("a", "body", { headers: { trace: "1" }, key: "k" }));
    expect(message).toMatchObject({ key: Buffer.from("k"), value: Buffer.from("body") });
    expect(Object.keys(message.headers)).toEqual(["trace", "content-type", "busbar-id"]);
  });

  it.each([1_700_000_000_123, Date.now() + 86_400_000])(
    "of another time is of now in the log, and keeps its own: %s",
    (timestamp) => {
      const before = Date.now();
      const messages = [
        toMessage(record("a", "", { timestamp })),
        toDeadLetter(record("a", "", { timestamp }), "slot", "_busbar.dlq.g"),
      ];
      for (const message of messages) {
        expect(message.timestamp).toBeGreaterThanOrEqual(before);
        expect(message.timestamp).toBeLessThanOrEqual(Date.now());
        expect(toRecord(received(message), "a")).toMatchObject({ timestamp, headers: {} });
      }
    },
  );

  it.each(["", "soon", "-5", "Infinity"])("has the time of the log where a foreign header says %j", (text) => {
    const headers = { "busbar-timestamp": Buffer.from(text) };
    expect(toRecord({ key: null, value: null, timestamp: "17", offset: "0", headers }, "a").timestamp).toBe(17);
  });

  it("keeps an empty body apart from none", () => {
    expect(toMessage(record("a", "")).value).toEqual(Buffer.alloc(0));
  });

  it("of a foreign client needs nothing but a value, nor even that", () => {
    const back = toRecord({ key: null, value: null, timestamp: "-1", offset: "0" }, "a");
    expect(back).toMatchObject({ address: "a", headers: {}, body: Buffer.alloc(0), timestamp: undefined });
  });

  it("joins a repeated header, and is not fooled by names that objects have", () => {
    const odd = { twice: [Buffer.from("1"), Buffer.from("2")], constructor: [Object, Buffer.from("mine")], none: null };
    expect(toRecord({ key: null, value: null, timestamp: "1", offset: "0", headers: odd }, "a").headers).toEqual({
      twice: "1, 2",
      constructor: "mine",
    });
  });

  it("gives each delivery bytes of its own", () => {
    const raw = received(toMessage(record("a", "body")));
    toRecord(raw, "a").body.fill(0);
    expect(Buffer.from(toRecord(raw, "a").body).toString()).toBe("body");
  });

  it("refuses what Kafka lacks, all of it at once", () => {
    const asked = record("a", "", { retain: true, expiresInMs: 1, delayMs: 1, priority: 1 });
    expect(() => toMessage(asked)).toThrow(UnsupportedError);
    expect(() => toMessage(asked)).toThrow(/4 needs/);
  });
});

describe("a dead letter", () => {
  it("is keyed by its slot and keeps the key of the message and the headers that core wrote", () => {
    const dead = record("orders.new", "x", { key: "customer", headers: { "busbar-dead-reason": "broken" } });
    const message = toDeadLetter(dead, "slot-1", "_busbar.dlq.g");
    expect(message.key?.toString()).toBe("slot-1");
    expect(deadLetterToRecord(received(message), "_busbar.dlq.g")).toMatchObject({
      key: "customer",
      topic: "orders.new",
      headers: { "busbar-dead-reason": "broken" },
    });
  });
});

describe("the size of a record", () => {
  it("is what the client writes", async () => {
    // The encoder is inside the client; the test may look there, the adapter may not.
    const inside = createRequire(import.meta.url);
    const encodeRecord = inside("kafkajs/src/protocol/recordBatch/record/v0") as (message: unknown) => {
      size(): number;
    };
    await fc.assert(
      fc.asyncProperty(
        fc.nat(300),
        fc.nat(20_000),
        fc.dictionary(fc.string({ minLength: 1, maxLength: 9 }), fc.nat(200)),
        fc.boolean(),
        async (key, value, sizes, keyed) => {
          const headers = Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, Buffer.alloc(size)]));
          const message: ClientMessage = {
            key: keyed ? Buffer.alloc(key) : null,
            value: Buffer.alloc(value),
            headers,
            timestamp: 1,
          };
          expect(batchBytes(message)).toBe(61 + encodeRecord(message).size());
        },
      ),
    );
  });
});

function received(message: ClientMessage): ClientRecord {
  return { ...message, timestamp: String(message.timestamp), offset: "0" };
}
