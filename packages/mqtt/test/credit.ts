import { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { spiedSockets } from "../../../integration/support/spied-sockets.ts";
import { acknowledging, Brokers, foreign, Inbox, lostForNotReading, outbound, request, unique } from "./fixtures.ts";
import type { TestedServer } from "./tested-server.ts";
import { itWhere } from "../../../integration/support/where.ts";

/** How much a subscription takes at most, and what it does to the connection. */
export function credit({ name: server, url }: TestedServer, { dropsQos0 = false } = {}): void {
  const brokers = new Brokers(url);
  afterEach(() => brokers.close());

  async function publishMany(topic: string, count: number): Promise<void> {
    const bus = await brokers.open();
    await Promise.all(Array.from({ length: count }, (_, index) => bus.publish(outbound(topic, String(index)))));
  }

  describe(`credit on ${server}`, () => {
    it("is never exceeded, whatever the server sends once one is acknowledged", async () => {
      const bus = await brokers.open();
      const topic = unique();
      let out = 0;
      let most = 0;
      const inbox = new Inbox((delivery) => {
        most = Math.max(most, ++out);
        setTimeout(() => {
          out--;
          delivery.settle("ack");
        }, 1);
      });
      await bus.subscribe(request(topic, { maxInFlight: 10 }), inbox.sink);
      await publishMany(topic, 500);
      await inbox.received(500);
      expect(most).toBe(10);
    });

    it("is not given again after stop, though messages wait for it", async () => {
      const bus = await brokers.open();
      const topic = unique();
      const [inbox, other] = [new Inbox(), acknowledging()];
      const subscriber = await bus.subscribe(request(topic, { maxInFlight: 2 }), inbox.sink);
      await bus.subscribe(request(topic), other.sink);
      const device = await foreign(url);
      // QoS 0 is not held back by Receive Maximum: the third waits here.
      for (let index = 0; index < 10; index++) await device.publishAsync(topic, String(index), { qos: 0 });
      await Promise.all([inbox.received(2), other.received(10)]);
      await subscriber.flush();
      await subscriber.stop();
      for (const delivery of inbox.deliveries.slice()) delivery.settle("ack");
      await subscriber.flush();
      expect(inbox.texts).toEqual(["0", "1"]);
      await device.endAsync();
    });

    it("of one subscription is none of another's business", async () => {
      const bus = await brokers.open();
      const topic = unique();
      const [stuck, free] = [new Inbox(), acknowledging()];
      await bus.subscribe(request(topic, { maxInFlight: 5 }), stuck.sink);
      await bus.subscribe(request(`${topic}.**`, { maxInFlight: 5 }), acknowledging().sink);
      await bus.subscribe(request(topic, { maxInFlight: 5 }), free.sink);
      await publishMany(topic, 50);
      await free.received(50);
      expect(stuck.deliveries).toHaveLength(5);
    });

    itWhere(!dropsQos0)("holds for QoS 0 on a subscription that acknowledges", async () => {
      const bus = await brokers.open();
      const topic = unique();
      const inbox = new Inbox();
      await bus.subscribe(request(topic, { maxInFlight: 5 }), inbox.sink);
      const device = await foreign(url);
      for (let index = 0; index < 50; index++) await device.publishAsync(topic, String(index), { qos: 0 });
      await device.publishAsync(topic, "last", { qos: 1 });
      await inbox.received(5);
      for (let index = 0; index < 51; index++) {
        expect(inbox.deliveries.length).toBeLessThanOrEqual(index + 5);
        (await inbox.received(index + 1))[index]?.settle("ack");
      }
      expect(inbox.texts.at(-1)).toBe("last");
      await device.endAsync();
    });

    itWhere(!dropsQos0)("that is used up for long does not cost the connection", { timeout: 30_000 }, async () => {
      const bus = await brokers.open({ native: { keepaliveSeconds: 1 } });
      const topic = unique();
      const inbox = new Inbox();
      const lost: unknown[] = [];
      bus.onStatus((told) => told.type === "subscription" && lost.push(told));
      await bus.subscribe(request(topic, { maxInFlight: 3 }), inbox.sink);
      const device = await foreign(url);
      // QoS 0 is not held back by Receive Maximum, so the reading of the socket is what stops.
      for (let index = 0; index < 50; index++) await device.publishAsync(topic, String(index), { qos: 0 });
      await inbox.received(3);
      await lostForNotReading(url);
      expect(lost).toEqual([]);
      for (let index = 0; index < 50; index++) (await inbox.received(index + 1))[index]?.settle("ack");
      expect(inbox.texts).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
      await device.endAsync();
    });

    itWhere(!dropsQos0)(
      "that is used up stops the reading of the socket, whatever the server still has to say",
      async () => {
        const bus = await brokers.open();
        const topic = unique();
        const { sockets, stop } = spiedSockets();
        const stuck = new Inbox();
        await bus.subscribe(request(topic, { maxInFlight: 3 }), stuck.sink);
        stop();
        const [socket] = sockets;
        const witness = acknowledging();
        await bus.subscribe(request(topic), witness.sink);
        const device = await foreign(url);
        const isLast = (inbox: Inbox): boolean => inbox.deliveries.at(-1)?.record.body.byteLength === 3;
        // QoS 0 is not held back by Receive Maximum.
        for (let index = 0; index < 300; index++) await device.publishAsync(topic, Buffer.alloc(65_536), { qos: 0 });
        await device.publishAsync(topic, "end", { qos: 1 });
        await witness.until(() => isLast(witness));
        expect(socket?.bytesRead).toBeLessThan(1_000_000);
        for (let index = 0; !isLast(stuck); index++) (await stuck.received(index + 1))[index]?.settle("ack");
        expect(socket?.bytesRead).toBeGreaterThan(3 * 65_536);
        await device.endAsync();
      },
    );

    it("is held back while paused, and flows again", async () => {
      const bus = await brokers.open();
      const topic = unique();
      const [inbox, other] = [acknowledging(), acknowledging()];
      const subscriber = await bus.subscribe(request(topic), inbox.sink);
      await bus.subscribe(request(topic), other.sink);
      subscriber.pause();
      await publishMany(topic, 20);
      await other.received(20);
      await subscriber.flush();
      expect(inbox.deliveries).toHaveLength(0);
      subscriber.resume();
      await inbox.received(20);
    });
  });

  describe(`connections to ${server}`, () => {
    it("have names that last, and one each", async () => {
      const bus = await brokers.open({ clientName: "kitchen" });
      expect(bus.native.options.clientId).toMatch(/^kitchen-publish-[0-9a-f-]{13}$/);
      const asked = request(unique(), { name: "saver-abc", member: "report-0" });
      await bus.subscribe(asked, () => {});
      await expect(bus.subscribe(asked, () => {})).rejects.toMatchObject({
        code: "BUSBAR_INSTANCE_IN_USE",
        retryable: false,
      });
      const { clean } = bus.native.options;
      expect(clean).toBe(true);
    });

    it("do not wait to fill a packet", async () => {
      const bus = await brokers.open();
      const noDelay = vi.spyOn(Socket.prototype, "setNoDelay");
      await bus.subscribe(request(unique()), () => {});
      expect(noDelay.mock.calls).toEqual([[true]]);
    });
  });
}
