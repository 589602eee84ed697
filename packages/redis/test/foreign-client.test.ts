import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { acknowledging, foreignClient, openBroker, record, request, unique } from "./fixtures.ts";

describe.skipIf(brokerUrl === undefined)("a plain client of Redis", () => {
  it("is understood without any metadata", async () => {
    const [broker, client, topic] = [await openBroker(), await foreignClient(), unique("a.")];
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    await client.sendCommand(["XADD", `busbar:${topic}`, "*", "body", '{"celsius":21}', "unit", "C"]);
    const [delivery] = await inbox.received(1);
    expect(inbox.texts).toEqual(['{"celsius":21}']);
    expect(delivery?.record).toMatchObject({ address: topic, headers: { unit: "C" } });
    expect(delivery?.record).toMatchObject({ id: undefined, key: undefined, topic: undefined, contentType: undefined });
  });

  it("reads what the bus sends as fields, the body as it is", async () => {
    const [broker, client, topic] = [await openBroker(), await foreignClient(), unique("a.")];
    const { position } = await broker.publish(record(topic, "bytes", { headers: { one: "1" }, id: "mine", key: "k" }));
    const entries = (await client.xRange(`busbar:${topic}`, "-", "+")) ?? [];
    expect(entries.map(({ message }) => ({ ...message }))).toEqual([
      {
        id: "mine",
        key: "k",
        "content-type": "application/json",
        timestamp: "1700000000123",
        "header:one": "1",
        body: "bytes",
      },
    ]);
    expect(position).toBe(`${topic}/${entries[0]?.id}`);
  });
});
