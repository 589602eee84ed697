import * as library from "@platformatic/kafka";
import { ConfigError } from "@busbar/core/driver";
import fc from "fast-check";
import kafkajs from "kafkajs";
import { describe, expect, it } from "vitest";
import { answered, answerOf } from "../../src/platformatic/answers.ts";
import {
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from "../../src/platformatic/assignment.ts";
import { readBatches } from "../../src/platformatic/batch-reader.ts";
import { writeBatch } from "../../src/batch-writer.ts";
import { loadLibrary } from "../../src/platformatic/library.ts";
import { divide } from "../../src/round-robin.ts";
import { ProducerIdentity } from "../../src/producer-identity.ts";
import { positiveMurmur2 } from "../../src/murmur2.ts";
import { classify } from "../../src/classify.ts";

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const none = (): never => {
  throw new Error("nothing is compressed");
};
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const message = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 200, unit: "grapheme" }), bytes),
  timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
});

describe("record batches of the second client", () => {
  it("are read as they were written", () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 40 }), (messages) => {
        const { records, next } = readBatches(writeBatch(messages, library.crc32c), 0, [], none);
        expect(next).toBe(messages.length);
        expect(records).toEqual(messages.map((one, offset) => ({ ...one, headers: { ...one.headers }, offset })));
      }),
    );
  });

  it("are read by the library as they were written", () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 40 }), (messages) => {
        const batch = library.readRecordsBatch(library.Reader.from(writeBatch(messages, library.crc32c)));
        expect(batch.records.map(({ key, value }) => ({ key, value }))).toEqual(
          messages.map(({ key, value }) => ({ key, value })),
        );
        expect(batch.records.map(({ timestampDelta }) => Number(batch.firstTimestamp + timestampDelta))).toEqual(
          messages.map(({ timestamp }) => timestamp),
        );
      }),
    );
  });

  it("are read from an offset on, and only what is there in whole", () => {
    const messages = ["a", "b", "c"].map((text) => {
      return { key: null, value: Buffer.from(text), headers: {}, timestamp: 1 };
    });
    const batch = writeBatch(messages, library.crc32c);
    const second = Buffer.from(batch);
    second.writeBigInt64BE(3n, 0);
    const { records, next } = readBatches(Buffer.concat([batch, second.subarray(0, -1)]), 1, [], none);
    expect(records.map(({ offset }) => offset)).toEqual([1, 2]);
    expect(next).toBe(3);
  });

  it("keep every value of a header that stands there several times", () => {
    const headers = new Map([[Buffer.from("h"), Buffer.from("1")]]).set(Buffer.from("h"), Buffer.from("2"));
    headers.set(Buffer.from("__proto__"), Buffer.from("3")).set(Buffer.from("constructor"), Buffer.from("4"));
    const batch = library.createRecordsBatch([{ topic: "t", value: Buffer.from(""), headers }]).buffer;
    const [record] = readBatches(batch, 0, [], none).records;
    expect(Object.entries(record?.headers ?? {}).map(([name, value]) => [name, String(value)])).toEqual([
      ["h", "1,2"],
      ["__proto__", "3"],
      ["constructor", "4"],
    ]);
  });
});

it("chooses the partition of a key as the other client and Java do", () => {
  const choose = kafkajs.Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 50 }), (key, count) => {
      const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 1 }));
      const told = choose({ topic: "t", partitionMetadata, message: { key, value: null } } as never);
      expect(positiveMurmur2(key) % count).toBe(told);
    }),
  );
});

describe("an idempotent producer", () => {
  const share = (...texts: string[]) => {
    const messages = texts.map((text) => ({ key: null, value: Buffer.from(text), headers: {}, timestamp: 1 }));
    return { partition: 0, messages, places: messages.map((_, place) => place) };
  };
  const begin = (producerId: bigint) => () => Promise.resolve({ producerId, producerEpoch: 0 });

  it("numbers what it sends without a gap, and the same messages as before", async () => {
    const identity = new ProducerIdentity();
    const [one, other] = [share("1", "2", "3"), share("4")];
    const first = await identity.number("t", one.messages, [one], begin(7n));
    const second = await identity.number("t", other.messages, [other], begin(8n));
    expect(identity.numbered(one.messages)).toBe(first);
    const number = { producerId: 7n, producerEpoch: 0 };
    expect([first[0]?.number, second[0]?.number]).toEqual([
      { ...number, sequence: 0 },
      { ...number, sequence: 3 },
    ]);
    identity.forget();
    const third = await identity.number("t", [], [share("5")], begin(10n));
    expect(third[0]?.number).toEqual({ producerId: 10n, producerEpoch: 0, sequence: 0 });
  });

  it("asks again who it is when it was not told", async () => {
    const identity = new ProducerIdentity();
    const failing = identity.number("t", [], [], () => Promise.reject(new Error("lost")));
    await expect(failing).rejects.toThrow("lost");
    const [numbered] = await identity.number("t", [], [share("1")], begin(1n));
    expect(numbered?.number?.producerId).toBe(1n);
  });
});

it("hashes a key as Java does", () => {
  // The results that Kafka's own tests hold it to (org.apache.kafka.common.utils.UtilsTest, testMurmur2), without their signs.
  const known: readonly (readonly [string, number])[] = [
    ["21", -973_932_308],
    ["foobar", -790_332_482],
    ["a-little-bit-long-string", -985_981_536],
    ["a-little-bit-longer-string", -1_486_304_829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971],
    ["abc", 479_470_107],
  ];
  expect(known.map(([key]) => positiveMurmur2(Buffer.from(key)))).toEqual(known.map(([, hash]) => hash & 0x7fffffff));
});

describe("what members tell each other", () => {
  it("is the same for members of both clients", () => {
    const subscription = writeSubscription(library, ["b", "a.é"]);
    expect(MemberMetadata.decode(subscription)?.topics).toEqual(["b", "a.é"]);
    const theirs = MemberMetadata.encode({ version: 1, topics: ["x"], userData: Buffer.alloc(0) });
    expect([...readSubscription(library, theirs)]).toEqual(["x"]);
    const share = new Map([["a.é", [0, 3]]]);
    expect(MemberAssignment.decode(writeAssignment(library, share))?.assignment).toEqual({ "a.é": [0, 3] });
    const given = MemberAssignment.encode({ version: 1, assignment: { a: [1], b: [0, 2] }, userData: Buffer.alloc(0) });
    expect(readAssignment(library, given)).toEqual([
      { topic: "a", partition: 1 },
      { topic: "b", partition: 0 },
      { topic: "b", partition: 2 },
    ]);
  });

  it("gives nobody partitions of a topic that it did not ask for", () => {
    const members = [
      { memberId: "m2", topics: new Set(["a", "b"]) },
      { memberId: "m1", topics: new Set(["a"]) },
    ];
    const shares = divide(members, new Map(Object.entries({ b: [0, 1], a: [2, 0, 1], c: [0] })));
    expect([...(shares.get("m1") ?? [])]).toEqual([["a", [0, 2]]]);
    expect([...(shares.get("m2") ?? [])]).toEqual([
      ["a", [1]],
      ["b", [0, 1]],
    ]);
  });
});

describe("errors of the second client", () => {
  it("are known by the names that Kafka gave them first", () => {
    const error = answered(new library.ResponseError(0, 9, { "/a": [6, null] }, {}));
    expect(answerOf(error)).toBe("NOT_LEADER_FOR_PARTITION");
    expect(classify(error, { doing: "It", sent: true })).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
  });

  it("tell what the partition of a refused record was refused for", () => {
    const error = answered(new library.ResponseError(0, 9, { "/a/0": [-1, "no key"], "/a": [87, null] }, {}));
    expect(answerOf(error)).toBe("INVALID_RECORD");
  });

  it("take a connection that is lost while it is authenticated for no wrong password", () => {
    const lost = new library.AuthenticationError("no", { cause: new library.NetworkError("closed") });
    expect(answerOf(answered(lost))).toBeUndefined();
    const wrong = new library.NetworkError("no", { cause: new library.AuthenticationError("wrong") });
    expect(classify(answered(wrong), { doing: "It" })).toMatchObject({ code: "BUSBAR_AUTHENTICATION" });
  });
});

it("says how to get the package where it is not installed", async () => {
  const missing = "@platformatic/kafka-that-is-not-there";
  const error: unknown = await loadLibrary(() => import(missing) as never).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ConfigError);
  expect(String(error)).toContain("npm install @platformatic/kafka@1");
});
