import { afterEach, expect, it } from "vitest";
import { mqtt } from "@busbar/mqtt";
import type { MqttBroker, MqttOptions } from "@busbar/mqtt";
import { describeOnMosquitto, mosquittoUrl } from "./broker-url.ts";
import { acknowledging, Inbox, outbound, request, text, unique } from "./fixtures.ts";

const open: MqttBroker[] = [];

async function broker(options: Partial<MqttOptions> = {}): Promise<MqttBroker> {
  const made = mqtt({ url: mosquittoUrl, ...options });
  open.push(made);
  await made.open();
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((made) => made.close()));
});

describeOnMosquitto("publishing and subscribing", () => {
  it("carries body, headers, id, key, timestamp and content type", async () => {
    const bus = await broker();
    const topic = `${unique()}.kitchen`;
    const inbox = acknowledging();
    await bus.subscribe(request(topic), inbox.sink);
    const sent = outbound(topic, '{"a":1}', { key: "k\u{1F600}\uFFFE", headers: { "x-a": "ä", __proto__x: "1" } });
    await expect(bus.publish(sent)).resolves.toEqual({ id: sent.id, routed: true });
    const [delivery] = await inbox.count(1);
    const { native, ...record } = delivery?.record ?? { native: undefined };
    expect(native).toMatchObject({ cmd: "publish", qos: 1 });
    expect(record).toEqual({
      address: topic,
      body: sent.body,
      headers: sent.headers,
      id: sent.id,
      key: sent.key,
      timestamp: sent.timestamp,
      contentType: "application/json",
    });
  });

  it("tells that nobody is subscribed", async () => {
    const bus = await broker();
    await expect(bus.publish(outbound(unique()))).resolves.toMatchObject({ routed: false });
  });

  it("delivers thousands in order through a small credit", async () => {
    const bus = await broker();
    const topic = unique();
    const inbox = new Inbox((delivery) => setImmediate(() => delivery.settle("ack")));
    await bus.subscribe(request(topic, { maxInFlight: 10 }), inbox.sink);
    const numbers = Array.from({ length: 3000 }, (_, index) => String(index));
    await Promise.all(numbers.map((number) => bus.publish(outbound(topic, number))));
    await inbox.count(3000);
    expect(inbox.bodies).toEqual(numbers);
    expect(text(inbox.deliveries[0]?.record.body ?? new Uint8Array())).toBe("0");
  });
});
