import { afterEach, expect, it } from "vitest";
import { describeOnWebSocket, mosquittoWebSocketUrl } from "./broker-url.ts";
import { acknowledging, Brokers, Inbox, outbound, request, status, unique } from "./fixtures.ts";

const brokers = new Brokers(mosquittoWebSocketUrl);
afterEach(() => brokers.close());

describeOnWebSocket("over WebSocket", () => {
  it.each([5, 4] as const)("large and small messages arrive, on version %d", async (protocolVersion) => {
    const bus = await brokers.open({ native: { protocolVersion } });
    const topic = unique();
    const inbox = acknowledging();
    await bus.subscribe(request(topic, { maxInFlight: 4 }), inbox.sink);
    const bodies = [0, 1, 256 * 1024, 70_000].map((length) => new Uint8Array(length).fill(length % 251));
    await Promise.all(bodies.map((body) => bus.publish(outbound(topic, body))));
    await inbox.received(bodies.length);
    expect(inbox.deliveries.map(({ record }) => record.body)).toEqual(bodies.map((body) => Buffer.from(body)));
  });

  it("a lost connection comes back with what was unsettled", async () => {
    const bus = await brokers.open();
    const topic = unique();
    const inbox = new Inbox();
    const asked = request(topic, { durable: true });
    const first = await bus.subscribe(asked, inbox.sink);
    await bus.publish(outbound(topic, "unsettled"));
    await inbox.received(1);
    const [lost, back] = [status(bus, "disconnected"), status(bus, "connected")];
    bus.native.stream.destroy();
    await lost;
    await back;
    await bus.publish(outbound(topic, "new"));
    await inbox.received(2);
    await first.close();
    const again = acknowledging();
    const second = await bus.subscribe(asked, again.sink);
    await again.received(2);
    expect(again.texts).toEqual(["unsettled", "new"]);
    await second.remove();
  });
});
