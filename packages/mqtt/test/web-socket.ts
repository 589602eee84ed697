import { afterEach, describe, expect, it } from "vitest";
import { acknowledging, Brokers, Inbox, outbound, request, status, unique } from "./fixtures.ts";
import type { TestedServer } from "./tested-server.ts";
import { itWhere } from "../../../integration/support/where.ts";

/** What a server does over WebSocket, at whose address there is a path. */
export function overWebSocket({ name, url, versions }: TestedServer, { refusesOtherPaths = false } = {}): void {
  const brokers = new Brokers(url);
  afterEach(() => brokers.close());

  describe(`over WebSocket to ${name}`, () => {
    it.each(versions)("large and small messages arrive, on version %d", async (protocolVersion) => {
      const bus = await brokers.open({ native: { protocolVersion } });
      const topic = unique();
      const inbox = acknowledging();
      await bus.subscribe(request(topic, { maxInFlight: 4 }), inbox.sink);
      const bodies = [0, 1, 1000, 70_000].map((length) => new Uint8Array(length).fill(length % 251));
      await Promise.all(bodies.map((body) => bus.publish(outbound(topic, body))));
      await inbox.received(bodies.length);
      expect(inbox.deliveries.map(({ record }) => record.body)).toEqual(bodies.map((body) => Buffer.from(body)));
    });

    it.each(versions)(
      "a lost connection comes back with what was unsettled, on version %d",
      async (protocolVersion) => {
        const bus = await brokers.open({ native: { protocolVersion } });
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
        await first.close();
        const again = acknowledging();
        const second = await bus.subscribe(asked, again.sink);
        await again.received(2);
        expect(again.texts).toEqual(["unsettled", "new"]);
        await second.remove();
      },
    );

    itWhere(refusesOtherPaths)("another path than the server's is refused, for good", async () => {
      const wrong = new URL("/no/such/path", url).href;
      await expect(
        brokers.make({ url: wrong, native: { protocolVersion: versions[0] ?? 5 } }).open(),
      ).rejects.toMatchObject({
        code: "BUSBAR_REFUSED",
        retryable: false,
        message: expect.stringContaining("no MQTT over WebSocket at this path") as string,
      });
    });
  });
}
