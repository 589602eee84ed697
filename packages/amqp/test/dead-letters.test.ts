import type { StoredDeadLetter } from "@busbar/core/contract";
import { expect, it } from "vitest";
import type { AmqpBroker } from "../src/amqp-broker.ts";
import { afterwards, errorOf, foreignChannel, onRabbit, openBroker, proxied, record, unique } from "./fixtures.ts";

async function listed(broker: AmqpBroker, group: string): Promise<StoredDeadLetter[]> {
  const found: StoredDeadLetter[] = [];
  for await (const letter of broker.deadLetters.list(group)) found.push(letter);
  return found;
}

async function withLetters(count: number, options = {}): Promise<{ broker: AmqpBroker; group: string }> {
  const broker = await openBroker(options);
  const group = unique("group-");
  const channel = await foreignChannel();
  afterwards(() => channel.deleteQueue(`_busbar.dlq.${group}`));
  for (let number = 0; number < count; number++) {
    await broker.deadLetters.put(
      group,
      `slot-${number}`,
      record(`_busbar.dlq.${group}`, `body ${number}`, {
        headers: { "busbar-dead-reason": `${number}`, mine: "1" },
        key: "k",
      }),
    );
  }
  return { broker, group };
}

const textsOf = (letters: readonly StoredDeadLetter[]): string[] =>
  letters.map(({ record: { body } }) => new TextDecoder().decode(body));

onRabbit("dead letters", () => {
  it("are listed oldest first, as they were put, and stay where they are", async () => {
    const { broker, group } = await withLetters(3);
    for (let look = 0; look < 6; look++) {
      const letters = await listed(broker, group);
      expect(textsOf(letters)).toEqual(["body 0", "body 1", "body 2"]);
      expect(letters.map(({ handle }) => handle)).toEqual(["slot-0", "slot-1", "slot-2"]);
      expect(letters[1]?.record).toMatchObject({
        address: `_busbar.dlq.${group}`,
        headers: { "busbar-dead-reason": "1", mine: "1" },
        key: "k",
      });
      expect(Object.keys(letters[1]?.record.headers ?? {})).toEqual(["busbar-dead-reason", "mine"]);
    }
  });

  it("lie in a classic durable queue, persistent", async () => {
    const { group } = await withLetters(1);
    const channel = await foreignChannel();
    await channel.assertQueue(`_busbar.dlq.${group}`, { durable: true, arguments: { "x-queue-type": "classic" } });
    const message = await channel.get(`_busbar.dlq.${group}`, { noAck: true });
    expect(message && message.properties.deliveryMode).toBe(2);
  });

  it("are removed by name, the others staying in their places", async () => {
    const { broker, group } = await withLetters(4);
    expect(await broker.deadLetters.remove(group, ["slot-1", "slot-3", "nonesuch"])).toBe(2);
    expect(textsOf(await listed(broker, group))).toEqual(["body 0", "body 2"]);
    expect(await broker.deadLetters.remove(group, ["slot-1"])).toBe(0);
    expect(await broker.deadLetters.remove(group, [])).toBe(0);
  });

  it("can be removed one by one while they are listed", async () => {
    const { broker, group } = await withLetters(5);
    const seen: string[] = [];
    for await (const { handle } of broker.deadLetters.list(group)) {
      seen.push(handle);
      if (handle === "slot-0") expect(await broker.deadLetters.remove(group, ["slot-3"])).toBe(1);
      if (handle === "slot-1") expect(await broker.deadLetters.remove(group, [handle])).toBe(1);
    }
    expect(seen).toEqual(["slot-0", "slot-1", "slot-2", "slot-4"]);
    expect(textsOf(await listed(broker, group))).toEqual(["body 0", "body 2", "body 4"]);
  });

  it("put twice under one slot are one", async () => {
    const { broker, group } = await withLetters(2);
    await broker.deadLetters.put(group, "slot-0", record(`_busbar.dlq.${group}`, "again"));
    expect((await listed(broker, group)).map(({ handle }) => handle)).toEqual(["slot-0", "slot-1"]);
    expect(await broker.deadLetters.remove(group, ["slot-0"])).toBe(1);
    expect(textsOf(await listed(broker, group))).toEqual(["body 1"]);
  });

  it("of a group that has none are none", async () => {
    const broker = await openBroker();
    expect(await listed(broker, unique("none-"))).toEqual([]);
    expect(await broker.deadLetters.remove(unique("none-"), ["x"])).toBe(0);
  });

  it("are shown to one at a time: a second look, here or elsewhere, is refused retryable", async () => {
    const { broker, group } = await withLetters(3);
    const other = await openBroker();
    const looking = broker.deadLetters.list(group)[Symbol.asyncIterator]();
    await looking.next();
    for (const second of [broker, other]) {
      expect(await errorOf(listed(second, group))).toMatchObject({
        name: "CapacityError",
        code: "BUSBAR_CAPACITY",
        retryable: true,
      });
    }
    expect(await errorOf(other.deadLetters.remove(group, ["slot-0"]))).toMatchObject({ retryable: true });
    await looking.return?.(undefined);
    expect(await listed(other, group)).toHaveLength(3);
  });

  it("are all there again when whoever looked is cut off", async () => {
    const { proxy, url } = await proxied();
    const { broker, group } = await withLetters(3, { url });
    const looking = broker.deadLetters.list(group)[Symbol.asyncIterator]();
    await looking.next();
    proxy.cut();
    expect(await errorOf(looking.next())).toMatchObject({ retryable: true });
    const other = await openBroker();
    let seen: StoredDeadLetter[] = [];
    while (seen.length < 3) seen = await listed(other, group).catch(() => []);
    expect(textsOf(seen)).toEqual(["body 0", "body 1", "body 2"]);
  });

  it("are not put into nothing: a missing queue is an error, and the next try makes it anew", async () => {
    const { broker, group } = await withLetters(1);
    await (await foreignChannel()).deleteQueue(`_busbar.dlq.${group}`);
    const letter = record(`_busbar.dlq.${group}`, "kept");
    expect(await errorOf(broker.deadLetters.put(group, "s", letter))).toMatchObject({
      code: "BUSBAR_NOT_FOUND",
      retryable: true,
    });
    await broker.deadLetters.put(group, "s", letter);
    expect(textsOf(await listed(broker, group))).toEqual(["kept"]);
  });

  it("of somebody else's making have handles that last", async () => {
    const { broker, group } = await withLetters(0);
    const channel = await foreignChannel();
    const queue = `_busbar.dlq.${group}`;
    await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "classic" } });
    channel.sendToQueue(queue, Buffer.from("plain"));
    channel.sendToQueue(queue, Buffer.from("with id"), { messageId: "7" });
    await channel.checkQueue(queue);
    const handles = (await listed(broker, group)).map(({ handle }) => handle);
    expect(new Set(handles).size).toBe(2);
    expect((await listed(broker, group)).map(({ handle }) => handle)).toEqual(handles);
    expect(await broker.deadLetters.remove(group, handles)).toBe(2);
  });
});
