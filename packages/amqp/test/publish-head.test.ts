import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Options } from "amqplib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameEnd, PublishHeads } from "../src/publish-head.ts";

/** What the client writes with, which it shows to nobody. */
interface Defs {
  readonly BasicPublish: number;
  readonly BasicProperties: number;
  encodeMethod(method: number, channel: number, fields: object): Buffer;
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
}

const require = createRequire(import.meta.url);
const client = (file: string): unknown => require(join(dirname(require.resolve("amqplib")), "lib", file));
const defs = client("defs.js") as Defs;
const args = client("api_args.js") as { publish(exchange: string, key: string, options: object): object };
const { makeBodyFrame } = client("frame.js") as { makeBodyFrame(channel: number, body: Buffer): Buffer };

interface Publish {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Options.Publish;
  readonly body: Buffer;
}

function asClientWrites(channel: number, { exchange, routingKey, properties, body }: Publish): string {
  const fields = args.publish(exchange, routingKey, properties);
  const frames = [
    defs.encodeMethod(defs.BasicPublish, channel, fields),
    defs.encodeProperties(defs.BasicProperties, channel, body.length, fields),
  ];
  if (body.length > 0) frames.push(makeBodyFrame(channel, body));
  return Buffer.concat(frames).toString("latin1");
}

function asWeWrite(heads: PublishHeads, { exchange, routingKey, properties, body }: Publish): string | undefined {
  const head = heads.of(exchange, routingKey, properties, body.length);
  if (head === undefined || body.length === 0) return head;
  return head + body.toString("latin1") + frameEnd;
}

/** Plain ASCII, and now and then anything else. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.string({ unit: "grapheme-ascii", maxLength }) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength }) },
  );

const properties: fc.Arbitrary<Options.Publish> = fc.record(
  {
    contentType: text(40),
    headers: fc.dictionary(text(20), text(300), { maxKeys: 4 }),
    persistent: fc.boolean(),
    mandatory: fc.boolean(),
    priority: fc.integer({ min: 0, max: 255 }),
    correlationId: text(255),
    replyTo: text(255),
    expiration: fc.nat().map(String),
    messageId: text(255),
    timestamp: fc.nat(0xffff_ffff),
  },
  { requiredKeys: [] },
);

const publishes: fc.Arbitrary<Publish> = fc.record({
  // Few, so that one often goes the way of the one before.
  exchange: fc.constantFrom("", "amq.topic"),
  routingKey: fc.oneof(fc.constantFrom("a.b", "a.c"), text(85)),
  properties,
  body: fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
});

const plain: Publish = { exchange: "e", routingKey: "k", properties: {}, body: Buffer.from("body") };

describe("the head of a publish", () => {
  it("is octet for octet what the client writes, or left to the client", () => {
    let written = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2047 }), fc.array(publishes, { minLength: 1 }), (channel, all) => {
        const heads = new PublishHeads(channel);
        for (const publish of all) {
          const ours = asWeWrite(heads, publish);
          if (ours === undefined) continue;
          written++;
          expect(ours).toBe(asClientWrites(channel, publish));
        }
      }),
    );
    expect(written).toBeGreaterThan(100);
  });

  it.each<[string, Partial<Publish>]>([
    ["a routing key that is not ASCII", { routingKey: "größe" }],
    ["a routing key that has no room", { routingKey: "k".repeat(256) }],
    ["an id that is not ASCII", { properties: { messageId: "größe" } }],
    ["an id that has no room", { properties: { messageId: "i".repeat(256) } }],
    ["a header that is not ASCII", { properties: { headers: { size: "größe" } } }],
    ["a header whose name is not ASCII", { properties: { headers: { größe: "1" } } }],
    ["a header that is no text", { properties: { headers: { count: 1 } } }],
    ["headers that are long", { properties: { headers: { long: "x".repeat(20_000) } } }],
    ["a time after that of 32 bits", { properties: { timestamp: 2 ** 32 } }],
    ["a time before that of computers", { properties: { timestamp: -1 } }],
    ["a property of which it knows nothing", { properties: { userId: "guest" } }],
  ])("is left to the client with %s", (_what, unusual) => {
    const heads = new PublishHeads(1);
    expect(asWeWrite(heads, { ...plain, ...unusual })).toBeUndefined();
    // The next one is not.
    expect(asWeWrite(heads, plain)).toBe(asClientWrites(1, plain));
  });
});
