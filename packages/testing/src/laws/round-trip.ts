import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Law } from "../law.ts";
import { bytesOf, numberIn, numbersIn, publishNumbered, range, textOf } from "../numbered.ts";
import { record } from "../scene/records.ts";

/** A1 to A4 and A7: what is published is what arrives, and where. */
export const roundTripLaws: readonly Law[] = [
  {
    id: "A1",
    title: "every message arrives once, with the body and the headers that it was sent with",
    everywhere: true,
    needs: ["headers"],
    both: async (scene) => {
      const count = 20;
      const topic = scene.topic("all");
      const headersOf = (index: number) => ({ index: String(index), "x-trace": `trace-${index}`, empty: "" });
      const consumer = await scene.client("consumer");
      const inbox = await consumer.subscribe(topic);
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, count], (index) => ({ headers: headersOf(index) }));
      await scene.arrives(inbox, count, "every message arrives");
      await scene.noMoreThan(inbox, count, "no message arrives twice");
      const arrived = [...inbox.received].sort((one, other) => numberIn(one) - numberIn(other));
      assert.deepEqual(arrived.map(numberIn), range(0, count), "the bodies are those that were sent");
      assert.deepEqual(
        arrived.map(({ headers }) => ({ ...headers })),
        range(0, count).map(headersOf),
        "the headers are those that were sent, and no others",
      );
    },
  },
  {
    id: "A2",
    title: "a subscriber gets what is published to its topic, and nothing else",
    everywhere: true,
    both: async (scene) => {
      const consumer = await scene.client("consumer");
      const [one, two] = [scene.topic("one"), scene.topic("two")];
      const ones = await consumer.subscribe(one);
      const twos = await consumer.subscribe(two);
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, scene.topic("nobody"), [0, 5]);
      await publishNumbered(publisher, scene.topic("one", "below"), [5, 10]);
      await publishNumbered(publisher, one, [10, 20]);
      await publishNumbered(publisher, two, [20, 30]);
      await scene.arrives(ones, 10, "what is published to the first topic arrives there");
      await scene.arrives(twos, 10, "what is published to the second topic arrives there");
      await scene.stays(
        "nothing arrives from another topic",
        () => ones.received.length === 10 && twos.received.length === 10,
        () => [numbersIn(ones), numbersIn(twos)],
      );
      assert.deepEqual(new Set(numbersIn(ones)), new Set(range(10, 20)), "the first topic has its own messages only");
      assert.deepEqual(new Set(numbersIn(twos)), new Set(range(20, 30)), "the second topic has its own messages only");
    },
  },
  {
    id: "A3",
    title: "JSON travels as its writer wrote it, whatever it looks like",
    everywhere: true,
    bus: async (scene) => {
      const topic = scene.topic("values");
      const onTheWire = await (await scene.driverClient("foreign")).subscribe(topic);
      const bus = await scene.bus("main");
      const values: unknown[] = [];
      await bus.subscribe(topic, { deadLetter: false }, (value) => void values.push(value));
      for (const [index, payload] of payloads.entries()) {
        await bus.publish(topic, payload);
        await scene.eventually(`payload ${index} arrives`, () => values.length > index);
      }
      await scene.arrives(onTheWire, payloads.length, "the bare driver sees every message");
      assert.deepEqual(values, payloads, "what arrives is what was published");
      assert.deepEqual(
        onTheWire.received.map(({ body }) => textOf(body)).sort(),
        payloads.map((payload) => JSON.stringify(payload)).sort(),
        "the body is the codec's bytes and nothing else",
      );
    },
    both: async (scene) => {
      const topic = scene.topic("bytes");
      const consumer = await scene.client("consumer");
      const inbox = await consumer.subscribe(topic);
      const publisher = await scene.client("publisher");
      await publisher.publish(topic, bytesOf(unusualJson));
      await scene.arrives(inbox, 1, "the document arrives");
      assert.equal(textOf(inbox.received[0]?.body ?? bytesOf("")), unusualJson, "not a byte of it is written anew");
    },
  },
  {
    id: "A4",
    title: "bodies arrive byte for byte: every byte value, no byte at all, a quarter of a megabyte",
    everywhere: true,
    both: async (scene) => {
      const topic = scene.topic("bodies");
      const bodies = bodiesFor(scene.effective.limits.maxBodyBytes);
      const consumer = await scene.client("consumer");
      const inbox = await consumer.subscribe(topic);
      const publisher = await scene.client("publisher");
      for (const body of bodies) await publisher.publish(topic, body);
      await scene.arrives(inbox, bodies.length, "every body arrives, the empty one too");
      for (const { body } of inbox.received) assert.ok(body instanceof Uint8Array, "a body is a Uint8Array");
      assert.deepEqual(
        inbox.received.map(({ body }) => digestOf(body)).sort(),
        bodies.map(digestOf).sort(),
        "every body is the same, byte for byte",
      );
    },
  },
  {
    id: "A7",
    title: "a message says which concrete topic it was published to, also under a wildcard",
    everywhere: true,
    both: async (scene) => {
      const topics = [scene.topic("kitchen"), scene.topic("attic")];
      const wildcards = scene.can("wildcards") ? [scene.topic("*"), scene.topic("**")] : [];
      if (wildcards.length === 0) scene.note("only under concrete filters, wildcards is unsupported");
      const consumer = await scene.client("consumer");
      const publisher = await scene.client("publisher");
      for (const filter of [...topics, ...wildcards]) {
        const inbox = await consumer.subscribe(filter);
        for (const topic of topics) await publisher.publish(topic, bytesOf(topic));
        await scene.arrives(
          inbox,
          wildcards.includes(filter) ? topics.length : 1,
          `the messages arrive under ${filter}`,
        );
        for (const { topic, body } of inbox.received)
          assert.equal(topic, textOf(body), `under ${filter} the topic is the one that it was published to`);
        await inbox.close();
      }
    },
    driver: async (scene) => {
      const [address, topic] = [scene.topic("fold"), scene.topic("fold", "deep", "one")];
      const consumer = await scene.client("fold-consumer");
      const inbox = await consumer.subscribe(address);
      const broker = await scene.broker("fold-publisher");
      await broker.publish(record(topic, bytesOf("folded"), { address }));
      await scene.arrives(inbox, 1, "the folded message arrives at its address");
      assert.equal(inbox.received[0]?.topic, topic, "a folded message carries its topic beside it");
    },
  },
];

/** Documents that a writer may write and that no parser and printer would give back. */
const unusualJson = '{ "b":1.0,"a" : 12345678901234567890, "b":2, "u":"\\u00e9\u00e9", "e":1E2 }\n';

/** Payloads that look like somebody's envelope, and those that are not objects. */
const payloads: readonly unknown[] = [
  { key: "k", value: "v", headers: { one: "1" } },
  { pattern: "p", data: { nested: true }, id: "1" },
  { topic: "t", payload: [1, 2, 3] },
  { specversion: "1.0", type: "t", source: "s", id: "1", data: null },
  { type: "Buffer", data: [1, 2, 3] },
  ["an", "array", null],
  null,
  0,
  false,
  "",
  "a text, not an object",
];

function bodiesFor(limit: number | undefined): readonly Uint8Array[] {
  const large = new Uint8Array(Math.min(256 * 1024, limit ?? Number.POSITIVE_INFINITY));
  for (const index of large.keys()) large[index] = (index * 31 + (index >> 8)) % 256;
  return [
    Uint8Array.from(range(0, 256)),
    new Uint8Array(0),
    Uint8Array.of(0),
    // Not one of these is UTF-8, and the last ones look like a byte order mark and a line ending.
    Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80),
    Uint8Array.of(0xef, 0xbb, 0xbf, 0x0d, 0x0a),
    large,
  ];
}

function digestOf(body: Uint8Array): string {
  return `${body.length} bytes, ${createHash("sha256").update(body).digest("hex")}`;
}
