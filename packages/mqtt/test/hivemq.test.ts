import { afterAll, afterEach, describe, expect, it } from "vitest";
import { InstanceUnavailableError, startInstance } from "../../../tools/brokers/index.mjs";
import { acknowledging, Brokers, Inbox, outbound, request, unique } from "./fixtures.ts";
import { credit } from "./credit.ts";
import { failOver } from "./fail-over.ts";
import { lastValues } from "./last-values.ts";
import { lastWill } from "./last-will.ts";
import { overlappingFilters } from "./overlapping-filters.ts";
import { sessionTable } from "./session-table.ts";
import { sessions } from "./sessions.ts";
import type { TestedServer } from "./tested-server.ts";
import { overWebSocket } from "./web-socket.ts";

const instance = await startInstance("hivemq", { label: "mqtt" }).catch((error: unknown) => {
  if (!(error instanceof InstanceUnavailableError)) throw error;
  console.warn(`Skipped: ${error.message}`);
  return undefined;
});
const hivemq: TestedServer = { name: "HiveMQ", url: instance?.url ?? "", versions: [5, 4], mostQos: 2 };
const brokers = new Brokers(instance?.url ?? "");
afterEach(() => brokers.close());
afterAll(() => instance?.destroy());

describe.skipIf(instance === undefined)("HiveMQ", () => {
  it("is known by the client id that it gives, and warned of", async () => {
    const bus = brokers.make();
    await expect(bus.open()).resolves.toMatchObject({
      product: "HiveMQ",
      supports: { groups: "native", deadLetters: "emulated", routing: "native", durable: "native" },
      warnings: expect.arrayContaining([
        expect.stringContaining("once everything that it has sent is settled"),
      ]) as string[],
    });
  });

  it.each([1, 2] as const)("tells at QoS %d whether anybody is subscribed", async (qos) => {
    const bus = await brokers.open({ native: { qos } });
    const topic = unique();
    await expect(bus.publish(outbound(topic))).resolves.toMatchObject({ routed: false });
    await bus.subscribe(request(topic), () => {});
    await expect(bus.publish(outbound(topic))).resolves.toMatchObject({ routed: true });
  });

  it("gives an idle member of a group what waits beside a busy one", async () => {
    const [one, other] = [await brokers.open(), await brokers.open()];
    const [topic, group] = [unique(), unique()];
    const inboxes = [new Inbox(), new Inbox()] as const;
    const asked = { group, durable: true, maxInFlight: 5 };
    const subscribers = [
      await one.subscribe(request(topic, { ...asked, member: "service-0" }), inboxes[0].sink),
      await other.subscribe(request(topic, { ...asked, member: "service-1" }), inboxes[1].sink),
    ];
    for (let index = 0; index < 20; index++) await one.publish(outbound(topic, String(index)));
    await Promise.all(inboxes.map((inbox) => inbox.received(1)));
    await Promise.all(subscribers.map((subscriber) => subscriber.remove()));
  });

  it("grants a group less than QoS 2, which is refused", async () => {
    const bus = await brokers.open({ native: { qos: 2 } });
    const asked = request(unique(), { group: unique() });
    await expect(bus.subscribe(asked, () => {})).rejects.toMatchObject({ code: "BUSBAR_REFUSED" });
  });

  it("has a bus with noLocal given what others publish and not its own", async () => {
    const [bus, other] = [await brokers.open({ native: { noLocal: true } }), await brokers.open()];
    const topic = unique();
    const inbox = acknowledging();
    const subscriber = await bus.subscribe(request(topic, { durable: true, maxInFlight: 1 }), inbox.sink);
    for (let index = 0; index < 5; index++) await bus.publish(outbound(topic, `own ${index}`));
    for (const text of ["foreign", "the end"]) await other.publish(outbound(topic, text));
    await inbox.until(() => inbox.texts.includes("the end"));
    expect(inbox.texts).toEqual(["foreign", "the end"]);
    await subscriber.remove();
  });

  it("delivers again at QoS 2 what a process has left unsettled", async () => {
    const [bus, other] = [await brokers.open({ native: { qos: 2 } }), await brokers.open({ native: { qos: 2 } })];
    const topic = unique();
    const asked = request(topic, { durable: true });
    const inbox = new Inbox();
    await bus.subscribe(asked, inbox.sink);
    await bus.publish(outbound(topic, "unsettled"));
    await inbox.received(1);
    const again = acknowledging();
    const second = await other.subscribe(asked, again.sink);
    await again.received(1);
    expect(again.deliveries[0]).toMatchObject({ redelivered: true });
    await second.remove();
  });

  describe("and a subscriber that is away", () => {
    sessionTable({
      name: "HiveMQ",
      url: () => instance?.url ?? "",
      protocolVersion: 5,
      version: () => instance?.version ?? "",
    });
  });

  lastWill(hivemq);
  lastValues(hivemq);
  failOver(hivemq);
  overlappingFilters(hivemq);
  // That a session is over HiveMQ finds out minutes later.
  sessions(hivemq, { sendsInBatches: true });
  credit(hivemq, { dropsQos0: true });
  overWebSocket({ ...hivemq, url: instance?.urls["ws"] ?? "" });
});
