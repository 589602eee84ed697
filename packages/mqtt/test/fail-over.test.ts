import { TcpProxy } from "@busbar/testing";
import { afterEach, expect, it } from "vitest";
import { describeOnMosquitto, mosquittoUrl } from "./broker-url.ts";
import { Brokers, Inbox, outbound, request, status, unique } from "./fixtures.ts";

const brokers = new Brokers("");
const doors: TcpProxy[] = [];
afterEach(async () => {
  await brokers.close();
  await Promise.all(doors.splice(0).map((door) => door.close()));
});

/** Several ways to one server, as the nodes of a cluster that share their sessions. */
async function nodes(count: number): Promise<{ url: string; nodes: TcpProxy[] }> {
  const target = { port: Number(new URL(mosquittoUrl).port) };
  const made = await Promise.all(Array.from({ length: count }, () => TcpProxy.open(target)));
  doors.push(...made);
  return { url: `mqtt://${made.map(({ port }) => `127.0.0.1:${port}`).join(",")}`, nodes: made };
}

describeOnMosquitto("of several servers", () => {
  it("the first that can be reached is used, and the next when it goes, with what was unsettled", async () => {
    const {
      url,
      nodes: [first, second, third],
    } = await nodes(3);
    const connections = () => [first, second, third].map((node) => node?.connections);
    first?.refuse();
    const bus = await brokers.open({ url });
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
    await bus.publish(outbound(topic, "after"));
    await inbox.received(3);
    expect(inbox.texts).toEqual(["before", "before", "after"]);
    await subscriber.remove();
  });
});
