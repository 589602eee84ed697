import kafkajs from "kafkajs";
import { expect, it } from "vitest";
import { bodies, collect, Inbox, record, rejection, request, unique } from "./fixtures.ts";
import { throughEachClient } from "./through-each-client.ts";

throughEachClient("a foreign client", ({ client, make, broker, plain, producer }) => {
  const shapes = [
    '{"key":"k","value":"v","headers":{}}',
    '{"pattern":"p","data":{"x":1},"id":"1"}',
    '{"topic":"t","payload":1}',
    "[1,2]",
    "null",
    "7",
    '"text"',
  ];

  it("reads what the bus writes, as it is", async () => {
    const topic = unique("foreign.read");
    const publishedAt = Date.now();
    const consumer = plain.consumer({ groupId: unique("foreign"), maxWaitTimeInMs: 100 });
    await consumer.connect();
    await Promise.all(
      shapes.map((body) =>
        broker.publish(
          record(topic, body, {
            key: "k",
            headers: { trace: "é" },
            contentType: "application/json",
            timestamp: publishedAt,
          }),
        ),
      ),
    );
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const got = new Inbox<{ value: string; key: string; headers: Record<string, string>; timestamp: string }>();
    await consumer.run({
      eachMessage: ({ message: { value, key, headers = {}, timestamp } }) => {
        got.add({
          value: String(value),
          key: String(key),
          timestamp,
          headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)])),
        });
        return Promise.resolve();
      },
    });
    const items = await got.count(shapes.length);
    expect(items.map(({ value }) => value)).toEqual(shapes);
    expect(items[0]).toMatchObject({
      key: "k",
      timestamp: String(publishedAt),
      headers: { trace: "é", "content-type": "application/json" },
    });
    await consumer.disconnect();
  });

  it("is read by the bus, whatever it writes", async () => {
    const topic = unique("foreign.write");
    const { inbox, subscriber } = await collect(broker, request(topic));
    await producer.send({
      topic,
      messages: [
        ...shapes.map((value) => ({ key: "k", value, headers: { plain: "1" } })),
        { key: "k", value: null },
        { key: "k", value: Buffer.alloc(0) },
      ],
    });
    const items = await inbox.count(shapes.length + 2);
    expect(bodies(items)).toEqual([...shapes, "", ""]);
    expect(items[0]?.record).toMatchObject({ key: "k", headers: { plain: "1" }, address: topic });
    expect(items[0]?.record.id).toBeUndefined();
    await subscriber.remove();
  });

  it("sees a tombstone where an empty message is one, and an empty message elsewhere", async () => {
    const [topic, other] = [unique("state.removed"), unique("other")];
    const own = make({ tombstones: ["state.*"], partitions: 1, topicConfig: { "cleanup.policy": "compact" } });
    await own.open();
    const { inbox, subscriber } = await collect(own, request(topic));
    for (const name of [topic, other])
      for (const text of ["there", ""]) await own.publish(record(name, text, { key: "k" }));
    expect(await rejection(own.publish(record(topic)))).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
    const items = await inbox.count(2);
    expect(bodies(items)).toEqual(["there", ""]);
    expect(items.map(({ record: { key } }) => key)).toEqual(["k", "k"]);
    const consumer = plain.consumer({ groupId: unique("foreign"), maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic, other], fromBeginning: true });
    const got = new Inbox<readonly [string, string | undefined]>();
    await consumer.run({
      eachMessage: ({ topic: name, message: { value } }) =>
        Promise.resolve(got.add([name, value?.toString()] as const)),
    });
    await got.count(4);
    expect(got.items.filter(([name]) => name === topic)).toEqual([
      [topic, "there"],
      [topic, undefined],
    ]);
    expect(got.items.filter(([name]) => name === other)).toEqual([
      [other, "there"],
      [other, ""],
    ]);
    await consumer.disconnect();
    await subscriber.remove();
    await own.close();
  });

  it("may compress and use transactions", async () => {
    const topic = unique("foreign.transaction");
    const { inbox, subscriber } = await collect(broker, request(topic));
    // With the bus's own settings where the client has such an object: what the bus leaves to it.
    const source = client === "kafkajs" ? (broker.native as typeof plain) : plain;
    const transactional = source.producer({
      transactionalId: unique("tx"),
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await transactional.connect();
    for (const [value, ends] of [
      ["kept", "commit"],
      ["dropped", "abort"],
      ["last", "commit"],
    ] as const) {
      const transaction = await transactional.transaction();
      await transaction.send({ topic, compression: kafkajs.CompressionTypes.GZIP, messages: [{ key: "k", value }] });
      await transaction[ends]();
    }
    await transactional.disconnect();
    expect(bodies(await inbox.count(2))).toEqual(["kept", "last"]);
    await subscriber.remove();
  });
});
