import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { acknowledging, errorOf, foreignClient, openBroker, record, request, unique } from "./fixtures.ts";

describe.skipIf(brokerUrl === undefined)("a topology", () => {
  it("that is only checked makes no stream, neither by publishing nor by subscribing, and uses one that is there", async () => {
    const [broker, client, topic] = [await openBroker({ topology: "check" }), await foreignClient(), unique("a.")];
    const missing = { code: "BUSBAR_NOT_FOUND", retryable: false };
    expect(await errorOf(broker.publish(record(topic)))).toMatchObject(missing);
    expect(await errorOf(broker.subscribe(request(topic, { group: "g" }), () => undefined))).toMatchObject(missing);
    expect(await client.exists(`busbar:${topic}`)).toBe(0);
    await client.sendCommand(["XADD", `busbar:${topic}`, "*", "body", "first"]);
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    await broker.publish(record(topic, "second"));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["second"]);
    await subscriber.remove();
  });

  it("is left as it is by forgetting what never was, and what was is forgotten unread", async () => {
    const prefix = `${unique()}:`;
    const [broker, client, topic] = [await openBroker({ native: { prefix } }), await foreignClient(), unique("a.")];
    const asked = request(topic, { group: "g" });
    await broker.forget(asked);
    expect(await client.keys(`${prefix}*`)).toEqual([]);
    await (await broker.subscribe(asked, () => undefined)).close();
    await broker.publish(record(topic, "kept"));
    expect(await broker.lag.lag(asked.name)).toBe(1);
    await broker.forget(asked);
    expect(await client.xInfoGroups(`${prefix}${topic}`)).toEqual([]);
    await client.del(await client.keys(`${prefix}*`));
  });

  it("that is made puts a stream under its prefix, and keeps as many messages as it is told", async () => {
    const prefix = `${unique()}:`;
    const [broker, client, topic] = [
      await openBroker({ native: { prefix, maxLength: 100 } }),
      await foreignClient(),
      unique("a."),
    ];
    await Promise.all(Array.from({ length: 1_000 }, () => broker.publish(record(topic))));
    const length = await client.xLen(`${prefix}${topic}`);
    expect(length).toBeGreaterThanOrEqual(100);
    expect(length).toBeLessThan(1_000);
    expect(await client.exists(`busbar:${topic}`)).toBe(0);
    expect(await client.sMembers(`${prefix}:topics`)).toEqual([topic]);
    await client.del([`${prefix}${topic}`, `${prefix}:topics`]);
  });
});
