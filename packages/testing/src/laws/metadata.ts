import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Headers, InboundRecord } from "@busbar/core/contract";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { bytesOf, textOf } from "../numbered.ts";
import { record, subscribeRequest } from "../scene/records.ts";

/** A5, A6 and A8: what travels beside the body, and whose objects they are. */
export const metadataLaws: readonly Law[] = [
  {
    id: "A5",
    title: "every legal header arrives as it is, and an illegal one is an error before anything is sent",
    everywhere: true,
    needs: ["headers"],
    both: async (scene) => {
      const topic = scene.topic("headers");
      const consumer = await scene.client("consumer");
      const inbox = await consumer.subscribe(topic);
      const publisher = await scene.client("publisher");
      await publisher.publish(topic, bytesOf("1"), { headers: unusualHeaders });
      await scene.arrives(inbox, 1, "the message arrives");
      assert.deepEqual(
        sortedEntries(inbox.received[0]?.headers ?? {}),
        sortedEntries(unusualHeaders),
        "the headers are the same, name by name and character by character",
      );
    },
    bus: async (scene) => {
      const topic = scene.topic("illegal");
      const seen: unknown[] = [];
      const bus = await scene.bus("main");
      await bus.subscribe(topic, { deadLetter: false }, (payload) => void seen.push(payload));
      for (const headers of illegalHeaders)
        await assert.rejects(
          bus.publish(topic, "illegal", { headers: headers as Headers }),
          (error: unknown) => BusError.is(error) && error.code === "BUSBAR_INVALID_ARGUMENT",
          `${JSON.stringify(headers)} is refused`,
        );
      await bus.publish(topic, "legal");
      await scene.eventually("the legal message arrives", () => seen.includes("legal"));
      await scene.stays(
        "nothing of the others was sent",
        () => seen.length === 1,
        () => seen,
      );
    },
  },
  {
    id: "A6",
    title: "id, key, timestamp and content type arrive as they were given, and the same for everybody",
    everywhere: true,
    driver: async (scene) => {
      const topic = scene.topic("record");
      const consumer = await scene.client("consumer");
      const inboxes = [await consumer.subscribe(topic), await consumer.subscribe(topic)];
      const broker = await scene.broker("publisher");
      const given = {
        id: randomUUID(),
        key: "key of several words, and é",
        timestamp: 1_700_000_000_123,
        contentType: "application/vnd.acme.order+json; charset=utf-8",
      };
      const receipt = await broker.publish(record(topic, bytesOf("{}"), given));
      assert.equal(receipt.id, given.id, "the receipt names the message by its id");
      for (const inbox of inboxes) {
        await scene.arrives(inbox, 1, "the message arrives");
        const { id, key, timestamp, contentType } = inbox.received[0] ?? {};
        assert.deepEqual({ id, key, timestamp, contentType }, given, "what was given is what arrives");
      }
    },
    bus: async (scene) => {
      const topic = scene.topic("message");
      const bus = await scene.bus("main");
      const seen: { id: string; key: string | undefined; timestamp: number; contentType: string }[] = [];
      for (let reader = 0; reader < 2; reader++)
        await bus.subscribe(topic, { deadLetter: false }, (_, { id, key, timestamp, contentType }) => {
          seen.push({ id, key, timestamp, contentType });
        });
      const before = Date.now();
      const given = await bus.publish(topic, { n: 1 }, { id: "order-17", key: "customer-4" });
      await scene.eventually(
        "both readers get the first message",
        () => seen.length === 2,
        () => seen,
      );
      assert.equal(given.id, "order-17", "the receipt names the message by the id that was given");
      for (const { id, key, contentType } of seen)
        assert.deepEqual(
          { id, key, contentType },
          { id: "order-17", key: "customer-4", contentType: "application/json" },
          "what was given is what arrives",
        );
      assert.equal(seen[0]?.timestamp, seen[1]?.timestamp, "the timestamp is the message's, not the reader's");
      const made = seen[0]?.timestamp ?? 0;
      assert.ok(made >= before && made <= Date.now(), "the timestamp is when the message was published");
      const named = await bus.publish(topic, "plain");
      await scene.eventually(
        "both readers get the second message",
        () => seen.length === 4,
        () => seen,
      );
      assert.match(named.id, uuidVersion7, "an id that was not given is a UUIDv7");
      assert.deepEqual([seen[2]?.id, seen[3]?.id], [named.id, named.id], "both readers see the id of the receipt");
    },
  },
  {
    id: "A8",
    title: "what a caller gives stays the caller's, and no two receivers share what they get",
    everywhere: true,
    driver: async (scene) => {
      const topic = scene.topic("record");
      const broker = await scene.broker("main");
      const seen: { body: string; headers: Headers }[] = [];
      for (let reader = 0; reader < 2; reader++)
        await broker.subscribe(subscribeRequest(scene.member("main"), topic), (delivery) => {
          seen.push({ body: textOf(delivery.record.body), headers: { ...delivery.record.headers } });
          spoil(delivery.record);
          delivery.settle("ack");
        });
      const body = bytesOf("pristine");
      const headers = { one: "1" };
      const given = Object.freeze(record(topic, body, { headers }));
      const copy = structuredClone(given);
      await broker.publish(given);
      assert.deepEqual(given, copy, "a driver never changes a record");
      body.fill(0);
      headers.one = "changed by the caller";
      await scene.eventually(
        "both readers get the message",
        () => seen.length === 2,
        () => seen,
      );
      for (const message of seen)
        assert.deepEqual(
          message,
          { body: "pristine", headers: { one: "1" } },
          "a receiver has bytes and headers of its own",
        );
    },
    bus: async (scene) => {
      const topic = scene.topic("message");
      const bus = await scene.bus("main");
      const seen: unknown[] = [];
      for (let reader = 0; reader < 2; reader++)
        await bus.subscribe(topic, { retry: { attempts: 2, backoffMs: 1 }, deadLetter: false }, (payload, message) => {
          seen.push(structuredClone({ payload, headers: { ...message.headers } }));
          (payload as { list: number[] }).list.push(4);
          (message.headers as Record<string, string>)["one"] = "changed by a handler";
          if (message.attempt === 1) throw new Error("once more");
        });
      const payload = deepFreeze({ list: [1, 2, 3] });
      const options = deepFreeze({ headers: { one: "1" }, key: "k" });
      await bus.publish(topic, payload, options);
      await scene.eventually(
        "both readers handle it twice",
        () => seen.length === 4,
        () => seen,
      );
      for (const message of seen)
        assert.deepEqual(
          message,
          { payload: { list: [1, 2, 3] }, headers: { one: "1" } },
          "what a handler changes is gone in the next run, and never seen by another",
        );
    },
  },
];

const uuidVersion7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Legal all of them. Made from entries, because `__proto__` in a literal is not a header. */
const unusualHeaders: Headers = Object.fromEntries([
  ["!#$%&'*+-.^_|~", "every punctuation mark of a token"],
  ["UPPER-and-lower", "Case"],
  ["upper-AND-lower", "another case is another name"],
  ["content-length", "12"],
  ["constructor", "a name that every object has"],
  ["__proto__", "a name that is a trap"],
  ["empty", ""],
  ["spaces", "  before, between  and after "],
  ["text", "é, 日本語, \u{1f68c}, \u00a0"],
  ["quoted", '"a", \'b\', {"c": [1]}, d=e; f\\g'],
  ["percent", "%41%zz=?utf-8?q?x?="],
  ["number", "007"],
  ["long", "0123456789".repeat(200)],
]);

const illegalHeaders: readonly unknown[] = [
  { "": "an empty name" },
  { "two words": "1" },
  { "colon:": "1" },
  { é: "1" },
  { "line\nbreak": "1" },
  { value: "line\nbreak" },
  { value: "\u0000" },
  { value: "\u007f" },
  { value: 7 },
  { value: null },
  { "busbar-mine": "1" },
];

function sortedEntries(headers: Headers): readonly (readonly [string, string])[] {
  return Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1));
}

function spoil(inbound: InboundRecord): void {
  inbound.body.fill(0xff);
  (inbound.headers as Record<string, string>)["one"] = "changed by a reader";
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
