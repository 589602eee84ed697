import { expect, it } from "vitest";
import { acknowledging, foreignChannel, onRabbit, openBroker, record, request, unique } from "./fixtures.ts";

/** What other buses take for their own envelope. */
const lookalikes = [
  { key: "k", value: 1, headers: { a: "b" } },
  { pattern: "p", data: { x: 1 }, id: "7" },
  { topic: "t", payload: [] },
  [1, 2, 3],
  null,
  42,
  "text",
];

onRabbit("a plain client of the broker", () => {
  it("is understood without any metadata", async () => {
    const broker = await openBroker();
    const channel = await foreignChannel();
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(`${topic}.**`), inbox.sink);
    for (const value of lookalikes) channel.publish("amq.topic", `${topic}.x`, Buffer.from(JSON.stringify(value)));
    channel.publish("amq.topic", `${topic}.living room.1`, Buffer.from("bytes"), {
      contentType: "text/plain",
      messageId: "theirs",
      timestamp: 1_700_000_000,
      headers: { number: 7, nested: { a: 1 } },
    });
    await inbox.received(lookalikes.length + 1);
    expect(inbox.texts.slice(0, -1).map((text) => JSON.parse(text) as unknown)).toEqual(lookalikes);
    expect(inbox.deliveries[0]?.record).toMatchObject({ address: `${topic}.x`, headers: {} });
    const absent = { id: undefined, key: undefined, topic: undefined, timestamp: undefined, contentType: undefined };
    expect(inbox.deliveries[0]?.record).toMatchObject(absent);
    expect(inbox.deliveries.at(-1)?.record).toMatchObject({
      address: `${topic}.living_x20_room.1`,
      contentType: "text/plain",
      id: "theirs",
      timestamp: 1_700_000_000_000,
      headers: { number: "7", nested: '{"a":1}' },
    });
  });

  it("reads what the bus sends: the body and nothing else, headers one by one, properties where they belong", async () => {
    const broker = await openBroker();
    const channel = await foreignChannel();
    const [topic, queue] = [unique("a."), unique("q-")];
    await channel.assertQueue(queue, { exclusive: true });
    await channel.bindQueue(queue, "amq.topic", topic);
    for (const value of lookalikes)
      await broker.publish(record(topic, JSON.stringify(value), { headers: { one: "1" }, id: "mine" }));
    for (const value of lookalikes) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) throw new Error("a message is missing");
      expect(message.content.toString()).toBe(JSON.stringify(value));
      expect(message.properties).toMatchObject({
        messageId: "mine",
        contentType: "application/json",
        timestamp: 1_700_000_000,
        deliveryMode: 2,
        headers: { one: "1", "busbar-timestamp": "1700000000123" },
      });
      expect(Object.keys(message.properties.headers ?? {})).toEqual(["one", "busbar-timestamp"]);
    }
  });
});
