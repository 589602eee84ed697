import { TcpProxy } from "@busbar/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Brokers, Inbox, outbound, request, status, unique } from "./fixtures.ts";
import type { TestedServer } from "./tested-server.ts";

/** What becomes of a subscription whose server goes while there is another one. */
export function failOver({ name, url: target, versions: [protocolVersion = 5] }: TestedServer): void {
  const brokers = new Brokers("");
  const doors: TcpProxy[] = [];
  afterEach(async () => {
    await brokers.close();
    await Promise.all(doors.splice(0).map((door) => door.close()));
  });

  /** Several ways to one server, as the nodes of a cluster that share their sessions. */
  async function nodes(count: number): Promise<{ url: string; nodes: TcpProxy[] }> {
    const door = { port: Number(new URL(target).port) };
    const made = await Promise.all(Array.from({ length: count }, () => TcpProxy.open(door)));
    doors.push(...made);
    return { url: `mqtt://${made.map(({ port }) => `127.0.0.1:${port}`).join(",")}`, nodes: made };
  }

  describe(`of several servers of ${name}`, () => {
    it("the first that can be reached is used, and the next when it goes, with what was unsettled", async () => {
      const {
        url,
        nodes: [first, second, third],
      } = await nodes(3);
      const connections = () => [first, second, third].map((node) => node?.connections);
      first?.refuse();
      const bus = await brokers.open({ url, native: { protocolVersion } });
      const topic = unique();
      const inbox = new Inbox();
      const asked = request(topic, { durable: true });
      const subscriber = await bus.subscribe(asked, inbox.sink);
      // The connection that looks at a server is gone from there a little later.
      await expect.poll(connections).toEqual([0, 2, 0]);
      await bus.publish(outbound(topic, "before"));
      await inbox.received(1);
      const back = Promise.all([status(bus, "subscription", ({ connected }) => connected), status(bus, "connected")]);
      second?.refuse();
      second?.cut();
      await back;
      await expect.poll(connections).toEqual([0, 0, 2]);
      // What comes again is settled first: HiveMQ sends nothing more before.
      (await inbox.received(2))[1]?.settle("ack");
      await bus.publish(outbound(topic, "after"));
      await inbox.received(3);
      expect(inbox.texts).toEqual(["before", "before", "after"]);
      await subscriber.remove();
    });
  });
}
