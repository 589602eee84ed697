import type { BrokerStatus } from "@busbar/core/contract";
import { connect } from "mqtt";
import type { IConnackPacket } from "mqtt";
import { TcpProxy } from "@busbar/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acknowledging, Brokers, foreign, Inbox, outbound, request, status, unique } from "./fixtures.ts";
import type { TestedServer } from "./tested-server.ts";
import { itWhere } from "../../../integration/support/where.ts";

/** What a session keeps and when it ends, on a server that speaks MQTT 5 and tells who is subscribed. */
export function sessions(
  { name: server, url: serverUrl, versions }: TestedServer,
  { sendsInBatches = false } = {},
): void {
  const brokers = new Brokers(serverUrl);
  let proxy: TcpProxy;

  /** The options of a broker whose connections can be cut. */
  function overProxy(): { url: string } {
    return { url: `mqtt://127.0.0.1:${proxy.port}` };
  }

  /** Whether the server keeps a session under this client id. */
  async function hasSession(clientId: string): Promise<boolean> {
    const client = connect(serverUrl, {
      protocolVersion: 5,
      clientId,
      clean: false,
      properties: { sessionExpiryInterval: 60 },
      reconnectPeriod: 0,
    });
    const { sessionPresent } = await new Promise<IConnackPacket>((resolve) => client.once("connect", resolve));
    // One that was found stays; one that this made goes.
    await client.endAsync(false, sessionPresent ? {} : { properties: { sessionExpiryInterval: 0 } });
    return sessionPresent;
  }

  beforeEach(async () => {
    proxy = await TcpProxy.open({ port: Number(new URL(serverUrl).port) });
  });
  afterEach(async () => {
    await brokers.close();
    await proxy?.close();
  });

  describe(`a session on ${server}`, () => {
    it("keeps messages for a durable subscription that stopped and closed", async () => {
      const bus = await brokers.open();
      const topic = unique();
      const asked = request(topic, { durable: true });
      const first = await bus.subscribe(asked, () => {});
      await first.stop();
      await first.close();
      await first.close();
      for (let index = 0; index < 10; index++) await bus.publish(outbound(topic, String(index)));
      const inbox = acknowledging();
      const second = await bus.subscribe(asked, inbox.sink);
      await inbox.received(10);
      expect(inbox.texts).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
      await second.remove();
    });

    it("gives back what was out and unsettled, and what came after stop", async () => {
      const bus = await brokers.open();
      const topic = unique();
      const asked = request(topic, { durable: true, maxInFlight: 3 });
      const inbox = new Inbox();
      await (await bus.subscribe(asked, inbox.sink)).close();
      // While nobody is there, or HiveMQ would send the first alone, and the next once that is settled.
      for (let index = 0; index < 6; index++) await bus.publish(outbound(topic, String(index)));
      const first = await bus.subscribe(asked, inbox.sink);
      await inbox.received(3);
      await first.stop();
      inbox.deliveries[0]?.settle("ack");
      await first.flush();
      await bus.publish(outbound(topic, "6"));
      expect(inbox.deliveries).toHaveLength(3);
      await first.close();
      expect(inbox.deliveries[1]?.stale).toBe(true);
      inbox.deliveries[1]?.settle("ack");
      const back = acknowledging();
      const second = await bus.subscribe(asked, back.sink);
      await back.received(6);
      expect(back.texts.toSorted()).toEqual(["1", "2", "3", "4", "5", "6"]);
      await second.remove();
    });

    it.each(versions)("is gone for good after remove, on version %d", async (protocolVersion) => {
      const bus = await brokers.open({ native: { protocolVersion } });
      const teller = await brokers.open();
      const topic = unique();
      const asked = request(topic, { durable: true });
      const first = await bus.subscribe(asked, () => {});
      await first.close();
      await expect(teller.publish(outbound(topic, "never"))).resolves.toMatchObject({ routed: true });
      const clientId = `${asked.member}-${asked.name}`;
      expect(await hasSession(clientId)).toBe(true);
      await first.remove();
      expect(await hasSession(clientId)).toBe(false);
      await expect(teller.publish(outbound(topic, "never"))).resolves.toMatchObject({ routed: false });
      const inbox = acknowledging();
      const second = await bus.subscribe(asked, inbox.sink);
      await bus.publish(outbound(topic, "new"));
      await inbox.received(1);
      expect(inbox.texts).toEqual(["new"]);
      await second.remove();
    });

    it("is gone with a subscription that is neither durable nor grouped", async () => {
      const bus = await brokers.open();
      const topic = unique();
      const subscriber = await bus.subscribe(request(topic), () => {});
      await expect(bus.publish(outbound(topic))).resolves.toMatchObject({ routed: true });
      await subscriber.close();
      // HiveMQ forgets a little later than it says goodbye.
      await expect.poll(async () => (await bus.publish(outbound(topic))).routed).toBe(false);
    });

    it("of a group that is not durable takes nothing more, and keeps what was unsettled for the same member", async () => {
      const bus = await brokers.open();
      const topic = unique();
      const asked = request(topic, { group: unique() });
      const inbox = new Inbox();
      const first = await bus.subscribe(asked, inbox.sink);
      await bus.publish(outbound(topic, "unsettled"));
      await inbox.received(1);
      await first.close();
      await expect(bus.publish(outbound(topic, "to nobody"))).resolves.toMatchObject({ routed: false });
      const back = acknowledging();
      const second = await bus.subscribe(asked, back.sink);
      await bus.publish(outbound(topic, "new"));
      await back.received(2);
      expect(back.texts).toEqual(["unsettled", "new"]);
      await second.remove();
    });
  });

  describe(`after a cut from ${server}`, () => {
    it.each([
      ["durable", { durable: true }],
      ["neither durable nor grouped", {}],
      ["grouped", { group: "g" }],
    ])(
      "a subscription that is %s comes back with what was unsettled and what came meanwhile",
      async (_name, changes) => {
        const bus = await brokers.open(overProxy());
        const outside = await brokers.open();
        const topic = unique();
        const asked = request(topic, changes);
        const inbox = new Inbox();
        const statuses: BrokerStatus[] = [];
        bus.onStatus((told) => statuses.push(told));
        const subscriber = await bus.subscribe(asked, inbox.sink);
        for (const body of ["settled", "unsettled"]) await outside.publish(outbound(topic, body));
        // One after the other, since HiveMQ sends the next once all is settled.
        (await inbox.received(1))[0]?.settle("ack");
        const unsettled = (await inbox.received(2))[1];
        await subscriber.flush();
        const [lost, back] = [
          status(bus, "subscription", ({ connected }) => !connected),
          status(bus, "subscription", ({ connected }) => connected),
        ];
        proxy.refuse();
        proxy.cut();
        await lost;
        expect(unsettled?.stale).toBe(true);
        unsettled?.settle("ack");
        await outside.publish(outbound(topic, "meanwhile"));
        proxy.accept();
        await back;
        if (sendsInBatches) (await inbox.received(3))[2]?.settle("ack");
        await inbox.received(4);
        expect(inbox.texts.slice(2)).toEqual(["unsettled", "meanwhile"]);
        const [again, later] = inbox.deliveries.slice(2);
        expect(again?.stale).toBe(false);
        // HiveMQ does not say what it gives to a group once more, and its later message may have the number of one that is settled.
        if (!sendsInBatches || asked.group === undefined)
          expect([again?.redelivered, again?.position]).toEqual([true, unsettled?.position]);
        if (!sendsInBatches) expect(later?.position).not.toBe(unsettled?.position);
        expect(statuses.filter(({ type }) => type === "position-lost" || type === "fatal")).toEqual([]);
        for (const delivery of inbox.deliveries.slice(2)) delivery.settle("ack");
        await subscriber.remove();
      },
    );

    it("a session that the server did not keep is told as a lost position, and subscribed again", async () => {
      const bus = await brokers.open(overProxy());
      const outside = await brokers.open();
      const topic = unique();
      const asked = request(topic, { durable: true });
      const inbox = new Inbox();
      const subscriber = await bus.subscribe(asked, inbox.sink);
      await outside.publish(outbound(topic, "before"));
      await inbox.received(1);
      const [position, back] = [
        status(bus, "position-lost"),
        status(bus, "subscription", ({ connected }) => connected),
      ];
      proxy.refuse();
      proxy.cut();
      const thief = await foreign(serverUrl, { clientId: `${asked.member}-${asked.name}`, clean: true });
      await thief.endAsync();
      proxy.accept();
      await expect(position).resolves.toMatchObject({ name: asked.name });
      await back;
      await outside.publish(outbound(topic, "after"));
      await inbox.received(2);
      expect(inbox.texts).toEqual(["before", "after"]);
      // The packet identifiers of the new session begin again.
      expect(inbox.deliveries[1]?.position).not.toBe(inbox.deliveries[0]?.position);
      await subscriber.remove();
    });

    itWhere(!sendsInBatches)(
      "a session whose time is over is told as a lost position, and what came meanwhile is gone",
      async () => {
        const bus = await brokers.open({ ...overProxy(), native: { sessionExpirySeconds: 1 } });
        const outside = await brokers.open();
        const topic = unique();
        const asked = request(topic, { durable: true });
        const inbox = acknowledging();
        const subscriber = await bus.subscribe(asked, inbox.sink);
        const [position, back] = [
          status(bus, "position-lost"),
          status(bus, "subscription", ({ connected }) => connected),
        ];
        proxy.refuse();
        proxy.cut();
        await expect(outside.publish(outbound(topic, "meanwhile"))).resolves.toMatchObject({ routed: true });
        // The server tells nobody that a session ended but by having nobody for its topic.
        const isRouted = async (): Promise<unknown> => (await outside.publish(outbound(topic, "meanwhile"))).routed;
        await expect.poll(isRouted, { timeout: 15_000, interval: 100 }).toBe(false);
        proxy.accept();
        await expect(position).resolves.toMatchObject({ name: asked.name });
        await back;
        await outside.publish(outbound(topic, "after"));
        await inbox.received(1);
        expect(inbox.texts).toEqual(["after"]);
        await subscriber.remove();
      },
    );

    it("nothing is subscribed twice", async () => {
      const bus = await brokers.open(overProxy());
      const topic = unique();
      const inbox = acknowledging();
      await bus.subscribe(request(topic), inbox.sink);
      for (let round = 0; round < 2; round++) {
        const back = Promise.all([status(bus, "subscription", ({ connected }) => connected), status(bus, "connected")]);
        proxy.cut();
        await back;
      }
      await bus.publish(outbound(topic, "once"));
      await bus.publish(outbound(topic, "end"));
      await inbox.received(2);
      expect(inbox.texts).toEqual(["once", "end"]);
      expect(proxy.connections).toBe(2);
    });

    it("waits grow while the server refuses", async () => {
      const bus = await brokers.open(overProxy());
      const before = proxy.accepted;
      proxy.refuse();
      const lost = status(bus, "disconnected");
      proxy.cut();
      await lost;
      const began = performance.now();
      await expect.poll(() => proxy.accepted - before, { timeout: 10_000 }).toBeGreaterThanOrEqual(4);
      // 100, 200, 400, 800 ms with a fifth of jitter; a fixed short wait would have tried as often sooner.
      expect(performance.now() - began).toBeGreaterThan(1100);
    });

    it("a half-open connection is found out by its pings", { timeout: 30_000 }, async () => {
      const bus = await brokers.open({ ...overProxy(), native: { keepaliveSeconds: 1 } });
      const topic = unique();
      await bus.subscribe(request(topic), () => {});
      const [published, subscribed] = [status(bus, "disconnected"), status(bus, "subscription")];
      proxy.freeze("everything");
      const hanging = bus.publish(outbound(topic, "x"));
      await expect(hanging).rejects.toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
      await expect(published).resolves.toMatchObject({ error: { message: expect.stringContaining("ping") as string } });
      await subscribed;
    });
  });
}
