import { expect, it } from "vitest";
import { acknowledging, errorOf, Inbox, onRabbit, openBroker, record, request, unique } from "./fixtures.ts";

onRabbit("priorities", () => {
  const native = { queueType: "classic", maxPriority: 5 } as const;

  it("go first in the queue of a group, also through a delay, and none is left behind", async () => {
    const broker = await openBroker({ native });
    expect((await broker.open()).supports.priority).toBe("native");
    const topic = unique("a.");
    const asked = request(topic, { group: "g", maxInFlight: 1 });
    await (await broker.subscribe(asked, () => undefined)).close();
    for (const [text, changes] of Object.entries({ low: { priority: 1 }, none: {}, high: { priority: 5 } }))
      await broker.publish(record(topic, text, changes));
    await broker.publish(record(topic, "late", { priority: 3, delayMs: 1 }));
    await expect.poll(() => broker.lag.lag(asked.name), { timeout: 10_000 }).toBe(4);
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(asked, inbox.sink);
    await inbox.received(4);
    expect(inbox.texts).toEqual(["high", "late", "low", "none"]);
    await subscriber.remove();
  });

  it("are refused above what the queues tell apart, and where queues have none", async () => {
    const [broker, plain] = [await openBroker({ native }), await openBroker()];
    expect(await errorOf(broker.publish(record("a", "", { priority: 6 })))).toMatchObject({
      code: "BUSBAR_INVALID_ARGUMENT",
      retryable: false,
    });
    expect((await plain.open()).supports.priority).toBe("unsupported");
    expect(await errorOf(plain.publish(record("a", "", { priority: 1 })))).toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
      needs: [{ capability: "priority", detail: expect.stringContaining("maxPriority") as string }],
    });
  });
});

onRabbit("a bounded queue", () => {
  it.each(["quorum", "classic"] as const)("refuses what is too much, and drops nothing (%s)", async (queueType) => {
    const broker = await openBroker({ native: { queueType, maxLength: 3 } });
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    await (await broker.subscribe(asked, () => undefined)).close();
    const texts: string[] = [];
    let refusal: unknown;
    // A quorum queue takes a few more before it says so.
    for (let number = 0; refusal === undefined && number < 100; number++) {
      const text = String(number);
      await broker.publish(record(topic, text)).then(
        () => texts.push(text),
        (error: unknown) => (refusal = error),
      );
    }
    expect(refusal).toMatchObject({ name: "CapacityError", code: "BUSBAR_CAPACITY", retryable: true });
    expect(texts.length).toBeGreaterThanOrEqual(3);
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(asked, inbox.sink);
    await inbox.received(texts.length);
    expect(inbox.texts).toEqual(texts);
    await subscriber.flush();
    expect(await broker.publish(record(topic, "room again"))).toMatchObject({ routed: true });
    await subscriber.remove();
  });

  it("is no queue of a listener, who is owed nothing and holds up nobody", async () => {
    const broker = await openBroker({ native: { maxLength: 1 } });
    const topic = unique("a.");
    const inbox = new Inbox();
    await broker.subscribe(request(topic, { maxInFlight: 1 }), inbox.sink);
    for (let number = 0; number < 10; number++)
      expect(await broker.publish(record(topic, String(number)))).toMatchObject({ routed: true });
  });
});
