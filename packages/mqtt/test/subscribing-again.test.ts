import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeServer, granting } from "./fake-server.ts";
import { acknowledging, Brokers, request } from "./fixtures.ts";

const brokers = new Brokers("");
const [topic, member] = ["a/b", "service-0"];
let server: FakeServer;
let identifier = 0;
/** Whether each connection of the member subscribed. */
let connections: boolean[] = [];

beforeEach(async () => {
  identifier = 0;
  connections = [];
  server = await FakeServer.start({
    connect: (packet) => {
      if (!packet.includes(member)) return [0x20, 3, 0, 0, 0];
      connections.push(false);
      return [0x20, 3, 1, 0, 0, ...publish("waiting"), ...publish("the end")];
    },
    subscribe: (packetId, filter) => {
      const confirmed = granting(1)(packetId, filter);
      if (!filter.startsWith("$share/")) return confirmed;
      connections[connections.length - 1] = true;
      return [...publish("waiting"), ...publish("the end"), ...confirmed];
    },
  });
});
afterEach(async () => {
  await brokers.close();
  await server.close();
});

/** As Artemis does, which sends what is unsettled when its member connects, and once more, as something else, when it subscribes. */
describe("a server that sends a member what is unsettled also when it subscribes", () => {
  it("has each message taken once in each connection that lasts", async () => {
    const bus = await brokers.open({ url: server.url });
    const inbox = acknowledging();
    await bus.subscribe(request("a.b", { member, group: "g", durable: true }), inbox.sink);
    await inbox.until(() => inbox.texts.includes("the end"));
    expect(inbox.texts).toEqual(["waiting", "the end"]);
    expect(connections).toEqual([true, false]);
    server.cut();
    await inbox.until(() => inbox.texts.filter((text) => text === "the end").length > 1);
    expect(inbox.texts).toEqual(["waiting", "the end", "waiting", "the end"]);
    expect(connections).toEqual([true, false, true, false]);
  });

  it("is connected to once by who is in no group", async () => {
    const bus = await brokers.open({ url: server.url });
    const inbox = acknowledging();
    await bus.subscribe(request("a.b", { member, durable: true }), inbox.sink);
    await inbox.until(() => inbox.texts.includes("the end"));
    expect(inbox.texts).toEqual(["waiting", "the end"]);
    expect(connections).toHaveLength(1);
  });
});

/** A PUBLISH of QoS 1 (MQTT 5.0 §3.3). */
function publish(text: string): number[] {
  identifier++;
  const rest = [0, topic.length, ...Buffer.from(topic), 0, identifier, 0, ...Buffer.from(text)];
  return [0x32, rest.length, ...rest];
}
