import { MsgHdrsImpl } from "@nats-io/nats-core";
import type { Msg } from "@nats-io/nats-core";
import { MsgImpl, Parser } from "@nats-io/nats-core/internal";
import type { ParserEvent } from "@nats-io/nats-core/internal";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDeliveryInfo } from "../src/delivery-info.ts";
import { recordToHeaders } from "../src/from-record.ts";
import { messageToRecord } from "../src/to-record.ts";
import { ArrivedMessage } from "../src/wire-message.ts";
import { record } from "./fixtures.ts";
import type { OutboundRecord } from "@busbar/core/contract";

/** What arrives of a record, as the client reads it off the wire. */
function overTheWire(sent: OutboundRecord): ReturnType<typeof messageToRecord> {
  return messageToRecord({ subject: sent.address, data: sent.body, headers: decoded(sent) });
}

/** What the client's own parser makes of bytes that a server sends, as the bus reads it. */
function parsed(bytes: Uint8Array): ArrivedMessage {
  const arrived: ArrivedMessage[] = [];
  const push = ({ msg, data }: ParserEvent): void => {
    if (msg !== undefined && data !== undefined)
      arrived.push(new ArrivedMessage(new MsgImpl(msg, data, nobody) as unknown as Msg));
  };
  new Parser({ push }).parse(bytes);
  return arrived[0] as ArrivedMessage;
}

const nobody = {} as ConstructorParameters<typeof MsgImpl>[2];

function decoded(sent: OutboundRecord): MsgHdrsImpl {
  const { headers } = recordToHeaders(sent);
  return MsgHdrsImpl.decode((headers as unknown as { encode(): Uint8Array }).encode());
}

const text = fc
  .string({ unit: "grapheme" })
  .filter((value) => !/\p{Control}/u.test(value) && !/\p{Surrogate}/u.test(value));
const name = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_|~`-]{1,12}$/).filter((key) => !/^busbar-/i.test(key));

describe("records as headers", () => {
  it("give back every user's header and all metadata, whatever they are", () => {
    fc.assert(
      fc.property(fc.dictionary(name, text), text, text, (headers, key, id) => {
        const arrived = overTheWire(record("a.b", "x", { headers, key, id, contentType: "text/plain; charset=utf-8" }));
        expect(new Map(Object.entries(arrived.headers))).toEqual(new Map(Object.entries(headers)));
        expect(arrived).toMatchObject({
          key,
          id,
          contentType: "text/plain; charset=utf-8",
          timestamp: 1_700_000_000_123,
        });
      }),
      { numRuns: 3_000 },
    );
  });

  it("are read where they stand as the client would read them", () => {
    fc.assert(
      fc.property(fc.dictionary(name, text), text, text, fc.constantFrom("text/plain", "a/b; c=d"), (...parts) => {
        const [headers, key, id, contentType] = parts;
        const sent = record("a.b", "x", { headers, key, id, contentType, topic: "c.d" });
        const block = Buffer.from(recordToHeaders(sent).text);
        const line = `HMSG a.b 1 $JS.ACK.s.c.1.7.8.9.0 ${block.byteLength} ${block.byteLength + 1}\r\n`;
        const arrived = parsed(Buffer.concat([Buffer.from(line), block, Buffer.from("x\r\n")]));
        expect(arrived).toMatchObject({ subject: "a.b", reply: "$JS.ACK.s.c.1.7.8.9.0" });
        const { native: _here, ...inPlace } = messageToRecord(arrived, 1);
        const { native: _there, ...byClient } = overTheWire(sent);
        expect(inPlace).toEqual({ ...byClient, body: Buffer.from("x") });
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ["Nats-Rollup", "all"],
    ["nats-msg-id", "mine"],
    ["Content-Type", "mine"],
    ["__proto__", "mine"],
    ["padded", "  a \u00a0"],
    ["empty", ""],
  ])("carry the header %s without its meaning to the server", (key, value) => {
    const sent = record("a", "", { headers: { [key]: value } });
    expect(Object.entries(overTheWire(sent).headers)).toEqual([[key, value]]);
    expect(decoded(sent).get("Nats-Rollup")).toBe("");
    expect(decoded(sent).get("Nats-Msg-Id")).toBe(sent.publishToken);
  });

  it("carry the bus's own dead-letter headers like a user's", () => {
    const headers = { "busbar-dead-reason": "rejected" };
    expect(overTheWire(record("a", "", { headers })).headers).toEqual(headers);
  });

  it("put what foreign clients read under plain names", () => {
    const wire = decoded(record("a", "", { headers: { trace: "ä 1" }, id: "id-1", key: "kitchen" }));
    expect(wire.get("trace")).toBe("ä 1");
    expect(wire.get("content-type")).toBe("application/json");
    expect(wire.get("busbar-id")).toBe("id-1");
    expect(wire.get("busbar-key")).toBe("kitchen");
  });

  it("name the topic only where it is folded", () => {
    expect(overTheWire(record("a")).topic).toBeUndefined();
    expect(overTheWire(record("sensors", "", { topic: "sensor.kitchen" })).topic).toBe("sensor.kitchen");
  });

  it("say where an answer goes and what it belongs to", () => {
    const sent = record("_busbar.rpc.sum", "", { replyTo: "_busbar.reply.a_x3A_b", correlationId: "7%" });
    expect(overTheWire(sent)).toMatchObject({ replyTo: "_busbar.reply.a_x3A_b", correlationId: "7%", headers: {} });
    expect(decoded(sent).get("busbar-reply-to")).toBe("_busbar.reply.a:b");
    expect(overTheWire(record("a")).replyTo).toBeUndefined();
  });

  it("take the reply subject of a foreign request, but not of a stream's delivery", () => {
    const message = { subject: "a", data: new Uint8Array(), reply: "_INBOX.Xy.7" };
    expect(messageToRecord(message).replyTo).toBe("_INBOX.Xy.7");
    expect(messageToRecord({ ...message, reply: "$JS.ACK.s.c.1.1.1.1.1" }, 5).replyTo).toBeUndefined();
  });

  it("carry where an answer goes, and take a plain client's reply subject for it", () => {
    const asked = record("a", "", { replyTo: "_busbar.reply.s-1", correlationId: "id 1 %" });
    expect(overTheWire(asked)).toMatchObject({ replyTo: "_busbar.reply.s-1", correlationId: "id 1 %", headers: {} });
    const plain = { subject: "a", data: new Uint8Array(), reply: "_INBOX.x.1" };
    expect(messageToRecord(plain)).toMatchObject({ replyTo: "_INBOX.x.1" });
    expect(messageToRecord({ ...plain, reply: "$JS.ACK.s.c.1.1.1.1.0" }, 1).replyTo).toBeUndefined();
  });

  it("survive text that is none", () => {
    expect(overTheWire(record("a", "", { headers: { half: " \ud800" } })).headers).toEqual({ half: " \ufffd" });
  });

  it("leave out of a foreign message what it does not say, and take its Nats-Msg-Id for the id", () => {
    const headers = new MsgHdrsImpl();
    headers.append("Nats-Msg-Id", "theirs");
    headers.append("x", "1");
    headers.append("x", "2");
    const arrived = messageToRecord({ subject: "a.b", data: new Uint8Array([1]), headers }, 5);
    expect(arrived).toMatchObject({ id: "theirs", headers: { x: "1, 2" }, timestamp: 5 });
    expect(messageToRecord({ subject: "a", data: new Uint8Array() }).id).toBeUndefined();
  });

  it("survive headers that the client itself cannot read", () => {
    const message = {
      subject: "a",
      data: new Uint8Array(),
      get headers(): MsgHdrsImpl {
        return MsgHdrsImpl.decode(new TextEncoder().encode("NATS/1.0\r\nсхема: 1\r\n\r\n"));
      },
    };
    expect(messageToRecord(message).headers).toEqual({});
  });
});

describe("the reply subject of a delivery", () => {
  it.each([
    "$JS.ACK.stream.consumer.2.17.21.1700000000123456789.5",
    "$JS.ACK._.hash.stream.consumer.2.17.21.1700000000123456789.5.random",
  ])("is read from %s", (reply) => {
    expect(parseDeliveryInfo(Buffer.from(reply))).toEqual({
      deliveries: 2,
      sequence: 17,
      delivery: 21,
      storedAt: 1_700_000_000_123,
    });
  });

  it("is read from nothing else", () => {
    expect(parseDeliveryInfo(Buffer.from("_INBOX.a.b"))).toBeUndefined();
    expect(parseDeliveryInfo(Buffer.alloc(0))).toBeUndefined();
  });
});
