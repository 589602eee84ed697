import { afterEach, expect, it } from "vitest";
import { describeOnMosquitto, describeOnRabbit, mosquittoUrl, rabbitUrl } from "./broker-url.ts";
import { acknowledging, Brokers, foreign, Inbox, outbound, request, status, unique } from "./fixtures.ts";

const brokers = new Brokers(mosquittoUrl);
const onRabbit = new Brokers(rabbitUrl);
afterEach(() => Promise.all([brokers.close(), onRabbit.close()]));

/** The quality of service that messages arrived with. */
function levels(inbox: Inbox): number[] {
  return inbox.deliveries.map(({ record }) => (record.native as { qos: number }).qos);
}

describeOnMosquitto("QoS 2", () => {
  it.each([5, 4] as const)(
    "is used both ways, and takes more than is in flight at once, on version %d",
    async (protocolVersion) => {
      const bus = await brokers.open({ native: { qos: 2, protocolVersion } });
      const topic = unique();
      const inbox = acknowledging();
      await bus.subscribe(request(topic, { maxInFlight: 4 }), inbox.sink);
      const bodies = Array.from({ length: 200 }, (_, index) => String(index));
      await Promise.all(bodies.map((body) => bus.publish(outbound(topic, body))));
      await inbox.received(200);
      expect(inbox.texts).toEqual(bodies);
      expect(new Set(levels(inbox))).toEqual(new Set([2]));
    },
  );

  it("is not for what travels at most once", async () => {
    const bus = await brokers.open({ native: { qos: 2 } });
    const topic = unique();
    const inbox = acknowledging();
    await bus.subscribe(request(topic), inbox.sink);
    await bus.publish(outbound(topic, "x", { delivery: "at-most-once" }));
    await inbox.received(1);
    expect(levels(inbox)).toEqual([0]);
  });

  it("does not pretend to know whether anybody is subscribed, which mosquitto tells at QoS 1 alone", async () => {
    const bus = brokers.make({ native: { qos: 2 } });
    await expect(bus.open()).resolves.toMatchObject({ product: "mosquitto", supports: { routing: "unsupported" } });
    await expect(bus.publish(outbound(unique()))).resolves.not.toHaveProperty("routed");
  });

  it("has the server deliver again what was not settled, in a process that died too, and nothing that was", async () => {
    const bus = await brokers.open({ native: { qos: 2 } });
    const topic = unique();
    const asked = request(topic, { durable: true });
    const inbox = new Inbox();
    const first = await bus.subscribe(asked, inbox.sink);
    for (const body of ["settled", "unsettled", "released"]) await bus.publish(outbound(topic, body));
    const [settled, , released] = await inbox.received(3);
    settled?.settle("ack");
    released?.settle("release");
    await first.flush();
    // Another connection under its name leaves the first no goodbye, as a kill would.
    const other = await brokers.open({ native: { qos: 2 } });
    const gone = status(bus, "subscription", ({ connected }) => !connected);
    const again = acknowledging();
    const second = await other.subscribe(asked, again.sink);
    await gone;
    await first.close();
    await again.received(2);
    await bus.publish(outbound(topic, "new"));
    await again.received(3);
    expect(again.texts).toEqual(["unsettled", "released", "new"]);
    expect(again.deliveries.map(({ redelivered }) => redelivered)).toEqual([true, true, false]);
    await second.remove();
  });

  it("hands out no more than the credit, whatever the server sends", async () => {
    const bus = await brokers.open({ native: { qos: 2 } });
    const topic = unique();
    const inbox = new Inbox();
    const subscriber = await bus.subscribe(request(topic, { maxInFlight: 3 }), inbox.sink);
    for (let index = 0; index < 30; index++) await bus.publish(outbound(topic, String(index)));
    await inbox.received(3);
    await subscriber.flush();
    expect(inbox.deliveries).toHaveLength(3);
    for (let settled = 0; settled < 30; settled++) {
      await inbox.received(settled + 1);
      expect(inbox.deliveries.length).toBeLessThanOrEqual(settled + 3);
      inbox.deliveries[settled]?.settle("ack");
    }
    expect(inbox.texts).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
  });

  it("of a foreign publisher reaches a subscription of QoS 1, and ours a foreign subscriber at QoS 2", async () => {
    const client = await foreign(mosquittoUrl);
    const topic = unique();
    const [plain, exact] = [await brokers.open(), await brokers.open({ native: { qos: 2 } })];
    const inbox = acknowledging();
    await plain.subscribe(request(topic), inbox.sink);
    await client.subscribeAsync(topic, { qos: 2 });
    const arrived = new Promise<number>((resolve) =>
      client.once("message", (_topic, _payload, { qos }) => resolve(qos)),
    );
    await exact.publish(outbound(topic, "ours"));
    await expect(arrived).resolves.toBe(2);
    await client.publishAsync(topic, "theirs", { qos: 2 });
    await inbox.received(2);
    expect(levels(inbox)).toEqual([1, 1]);
    await client.endAsync();
  });
});

describeOnRabbit("a server that grants less than QoS 2", () => {
  it("is refused, unless that is to be accepted, and then it is a warning", async () => {
    const topic = unique();
    const strict = await onRabbit.open({ native: { protocolVersion: 4, qos: 2 } });
    await expect(strict.subscribe(request(topic), () => {})).rejects.toMatchObject({
      code: "BUSBAR_REFUSED",
      message: expect.stringContaining("grants QoS 1") as string,
    });
    const lenient = await onRabbit.open({ native: { protocolVersion: 4, qos: 2, weakerQos: "accept" } });
    const warned = status(lenient, "connected");
    const inbox = acknowledging();
    await lenient.subscribe(request(topic), inbox.sink);
    const { effective } = await warned;
    expect(effective.warnings).toContainEqual(expect.stringContaining("grants QoS 1"));
    await lenient.publish(outbound(topic, "x"));
    await inbox.received(1);
    expect(levels(inbox)).toEqual([1]);
  });
});
