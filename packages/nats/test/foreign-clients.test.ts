import { jetstream } from "@nats-io/jetstream";
import { headers } from "@nats-io/nats-core";
import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { acknowledging, foreignClient, openBroker, ownToken, record, request } from "./fixtures.ts";

const bodies = [
  '{"key":"k","value":"v","headers":{"a":"b"}}',
  '{"pattern":"p","data":{"x":1},"id":"7"}',
  '{"topic":"t","payload":null}',
  "[1,2,3]",
  "null",
  "42",
  '"text"',
  "",
];

describe.skipIf(brokerUrl === undefined)("a plain client", () => {
  it.each(["at-least-once", "at-most-once"] as const)(
    "is understood, whatever its payloads look like, %s",
    async (delivery) => {
      const token = ownToken();
      const broker = await openBroker();
      const inbox = acknowledging();
      await broker.subscribe(request(`${token}.**`, { delivery }), inbox.sink);
      const foreign = await foreignClient();
      const lines = headers();
      lines.append("x-theirs", "ä");
      lines.append("content-type", "application/json");
      for (const body of bodies) foreign.publish(`${token}.küche.a/b`, body, { headers: lines });
      foreign.publish(`${token}.bare`, "no headers");
      await inbox.received(bodies.length + 1);
      expect(inbox.texts).toEqual([...bodies, "no headers"]);
      expect(inbox.deliveries[0]?.record).toMatchObject({
        address: `${token}.k_xFC_che.a_x2F_b`,
        headers: { "x-theirs": "ä" },
        contentType: "application/json",
      });
      expect(inbox.deliveries[0]?.record).toMatchObject({ id: undefined, key: undefined, topic: undefined });
    },
  );

  it.each(["at-least-once", "at-most-once"] as const)(
    "understands the bus, which sends the bytes and nothing around them, %s",
    async (delivery) => {
      const token = ownToken();
      const broker = await openBroker();
      const foreign = await foreignClient();
      const subscription = foreign.subscribe(`${token}.>`, { max: bodies.length });
      await foreign.flush();
      for (const body of bodies)
        await broker.publish(record(`${token}.k_xFC_che`, body, { delivery, headers: { trace: "1" }, id: "an id" }));
      const seen: string[] = [];
      for await (const message of subscription) {
        seen.push(message.string());
        expect(message.subject).toBe(`${token}.küche`);
        expect(message.headers?.get("trace")).toBe("1");
        expect(message.headers?.get("content-type")).toBe("application/json");
        expect(message.headers?.get("busbar-id")).toBe("an id");
      }
      expect(seen).toEqual(bodies);
    },
  );

  it("reads a stream of the bus with a consumer of its own, and publishes into it", async () => {
    const token = ownToken();
    const broker = await openBroker();
    const { position = "" } = await broker.publish(record(`${token}.a`, "ours"));
    const stream = jetstream(await foreignClient());
    await stream.publish(`${token}.b`, "theirs", { msgID: "their-id" });
    const consumer = await stream.consumers.get(position.split("/")[0] ?? "");
    expect((await consumer.next())?.string()).toBe("ours");
    const inbox = acknowledging();
    await broker.subscribe(request(`${token}.b`, { startFrom: "earliest" }), inbox.sink);
    await inbox.received(1);
    expect(inbox.deliveries[0]?.record).toMatchObject({ id: "their-id", headers: {} });
  });
});
