import { randomBytes } from "node:crypto";
import type { Delivery } from "@busbar/core/contract";
import { expect, it } from "vitest";
import { bodies, collect, Inbox, rejection, request, unique } from "./fixtures.ts";
import { throughEachClient } from "./through-each-client.ts";

throughEachClient("a transaction", ({ make, broker, plain }) => {
  const body = (text: string): Uint8Array => Buffer.from(text);

  it.each(["none", "gzip"] as const)("is seen as a whole or not at all, with compression %s", async (compression) => {
    const [one, other] = [unique("whole.one"), unique("whole.other")];
    const topicConfig = { "max.message.bytes": "10000" };
    const own = make({ transactionalId: unique("tx"), partitions: 2, topicConfig, compression });
    await own.open();
    const inbox = new Inbox<Delivery>();
    const subscribers = [];
    for (const topic of [one, other]) subscribers.push(await collect(own, request(topic), { inbox }));
    const both = (text: string, bytes = text) => [
      {
        topic: one,
        body: body(text),
        key: "k",
        headers: { trace: "1" },
        contentType: "text/plain",
        id: `id ${text}`,
      },
      { topic: other, body: body(bytes), key: "k" },
    ];
    await Promise.all([own.transaction(both("first")), own.transaction(both("second"))]);
    await inbox.count(4);
    expect(bodies(inbox.items).sort()).toEqual(["first", "first", "second", "second"]);
    expect(inbox.items.find(({ record: { id } }) => id === "id first")?.record).toMatchObject({
      key: "k",
      headers: { trace: "1" },
      contentType: "text/plain",
    });
    const refused = await rejection(own.transaction(both("never", randomBytes(20_000).toString("hex"))));
    expect(refused).toMatchObject({ code: "BUSBAR_TOO_LARGE", retryable: false });
    await own.transaction(both("third"));
    await inbox.count(6);
    expect(bodies(inbox.items)).not.toContain("never");
    // It was written, as who reads what is not committed sees, and given up.
    const consumer = plain.consumer({ groupId: unique("foreign"), maxWaitTimeInMs: 100, readUncommitted: true });
    await consumer.connect();
    await consumer.subscribe({ topics: [one], fromBeginning: true });
    const written = new Inbox<string>();
    await consumer.run({
      eachMessage: ({ message: { value } }) => Promise.resolve(written.add(String(value))),
    });
    expect(await written.count(4)).toEqual(["first", "second", "never", "third"]);
    await consumer.disconnect();
    for (const { subscriber } of subscribers) await subscriber.remove();
    await own.close();
    expect(await rejection(own.transaction(both("late")))).toMatchObject({ code: "BUSBAR_CLOSED" });
  });

  it("is refused to a process whose name another has taken", async () => {
    const topic = unique("fenced");
    const transactionalId = unique("tx");
    const [former, later] = [make({ transactionalId }), make({ transactionalId })];
    for (const own of [former, later]) {
      await own.open();
      await own.transaction([{ topic, body: body("mine") }]);
    }
    const error = await rejection(former.transaction([{ topic, body: body("too late") }]));
    expect(error).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    expect(error.message).toContain("native.transactionalId");
    for (const own of [former, later]) await own.close();
  });

  it("has transactions only where their name is given", async () => {
    const nameless = await rejection(broker.transaction([{ topic: "a", body: Buffer.alloc(0) }]));
    expect(nameless).toMatchObject({ code: "BUSBAR_CONFIG", retryable: false });
  });
});
