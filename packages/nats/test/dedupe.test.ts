import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { errorOf, openBroker, ownToken, record, streamsOf } from "./fixtures.ts";

describe.skipIf(brokerUrl === undefined)("dedupe by the message's id", () => {
  it("keeps one of several messages that have an id and a topic in common", async () => {
    const token = ownToken();
    const broker = await openBroker({ native: { dedupeById: true } });
    const publish = (topic: string, id: string, timestamp: number) =>
      broker.publish(record(topic, "x", { id, timestamp }));
    const first = await publish(`${token}.a`, "order 1", 1_000);
    expect(await publish(`${token}.a`, "order 1", 2_000)).toEqual(first);
    const other = await publish(`${token}.b`, "order 1", 3_000);
    const later = await publish(`${token}.a`, "order 2", 4_000);
    expect([first, other, later].map(({ position }) => position?.split("/")[1])).toEqual(["1", "2", "3"]);
    const [stream = ""] = first.position?.split("/") ?? [];
    expect((await (await streamsOf()).streams.info(stream)).state.messages).toBe(3);
  });

  it("refuses the very message that is there, so that a replay is never taken for done", async () => {
    const token = ownToken();
    const broker = await openBroker({ native: { dedupeById: true } });
    const original = record(`${token}.a`, "x", { id: "order 1" });
    await broker.publish(original);
    const again = await errorOf(broker.publish({ ...original, publishToken: "another call" }));
    expect(again).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    expect((await broker.publish({ ...original, sending: 2 })).position).toMatch(/\/1$/);
  });

  it("leaves dead letters alone, which replace each other", async () => {
    const broker = await openBroker({ native: { dedupeById: true } });
    const [group, letter] = [ownToken(), record("a.b", "dead")];
    await broker.deadLetters.put(group, "slot", letter);
    await broker.deadLetters.put(group, "slot", { ...letter, publishToken: "another call" });
    const handles: string[] = [];
    for await (const { handle } of broker.deadLetters.list(group)) handles.push(handle);
    expect(handles).toHaveLength(1);
    await broker.deadLetters.remove(group, handles);
  });
});
