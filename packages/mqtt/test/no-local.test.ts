import { afterEach, expect, it } from "vitest";
import { describeOnMosquitto, mosquittoUrl } from "./broker-url.ts";
import { acknowledging, Brokers, foreign, outbound, request, unique } from "./fixtures.ts";

const brokers = new Brokers(mosquittoUrl);
afterEach(() => brokers.close());

const native = { noLocal: true } as const;

describeOnMosquitto("a bus with noLocal", () => {
  it.each(["at-least-once", "at-most-once"] as const)(
    "is given what others publish and not its own, %s",
    async (delivery) => {
      const [bus, other, plain] = [
        await brokers.open({ native }),
        await brokers.open({ native }),
        await brokers.open(),
      ];
      const topic = unique();
      const inboxes = [acknowledging(), acknowledging(), acknowledging()] as const;
      await bus.subscribe(request(topic, { delivery }), inboxes[0].sink);
      await other.subscribe(request(`${topic}.**`, { delivery }), () => {});
      await other.subscribe(request(topic, { delivery }), inboxes[1].sink);
      await plain.subscribe(request(topic, { delivery }), inboxes[2].sink);
      const headers = { mine: "1" };
      for (const [from, text] of [
        [bus, "of the bus"],
        [other, "of the other"],
        [plain, "of the plain one"],
        [bus, "of the bus again"],
        [plain, "the end"],
      ] as const) {
        await from.publish(outbound(topic, text, { delivery, headers }));
        // One connection each: the next publisher's message is behind this one.
        await inboxes[2].until(() => inboxes[2].texts.includes(text));
      }
      await Promise.all(inboxes.map((inbox) => inbox.until(() => inbox.texts.includes("the end"))));
      expect(inboxes[2].texts).toHaveLength(5);
      expect(inboxes[0].texts).toEqual(["of the other", "of the plain one", "the end"]);
      expect(inboxes[1].texts).toEqual(["of the bus", "of the plain one", "of the bus again", "the end"]);
      for (const { record } of inboxes[1].deliveries) expect(record.headers).toEqual(headers);
    },
  );

  it.each([1, 2] as const)(
    "acknowledges its own at QoS %d at once, so that they take no credit and wait for nobody",
    async (qos) => {
      const bus = await brokers.open({ native: { ...native, qos } });
      const topic = unique();
      const inbox = acknowledging();
      const asked = request(topic, { durable: true, maxInFlight: 1 });
      const subscriber = await bus.subscribe(asked, inbox.sink);
      for (let index = 0; index < 20; index++) await bus.publish(outbound(topic, String(index)));
      const client = await foreign(mosquittoUrl);
      await client.publishAsync(topic, "foreign", { qos: 1 });
      await client.endAsync();
      await inbox.received(1);
      await subscriber.close();
      // Another process under the same name would be given whatever was left.
      const next = await brokers.open();
      const left = acknowledging();
      const again = await next.subscribe(asked, left.sink);
      await next.publish(outbound(topic, "the end"));
      await left.until(() => left.texts.includes("the end"));
      expect([inbox.texts, left.texts]).toEqual([["foreign"], ["the end"]]);
      await again.remove();
    },
  );

  it("leaves to nobody what it publishes while it stops", async () => {
    const bus = await brokers.open({ native });
    const topic = unique();
    const durable = request(topic, { durable: true });
    const subscriber = await bus.subscribe(durable, () => {});
    await subscriber.stop();
    await bus.publish(outbound(topic, "own"));
    const client = await foreign(mosquittoUrl);
    await client.publishAsync(topic, "foreign", { qos: 1 });
    await client.endAsync();
    await subscriber.flush();
    await subscriber.close();
    const left = acknowledging();
    const again = await (await brokers.open()).subscribe(durable, left.sink);
    await left.received(1);
    expect(left.texts).toEqual(["foreign"]);
    await again.remove();
  });

  it("is not given the last value that it left itself, as others are", async () => {
    const [bus, other] = [await brokers.open({ native }), await brokers.open({ native })];
    const topic = unique();
    await bus.publish(outbound(topic, "kept", { retain: true }));
    const inboxes = [acknowledging(), acknowledging()] as const;
    await bus.subscribe(request(topic), inboxes[0].sink);
    await other.subscribe(request(topic), inboxes[1].sink);
    const plain = await brokers.open();
    await plain.publish(outbound(topic, "live"));
    await Promise.all(inboxes.map((inbox) => inbox.until(() => inbox.texts.includes("live"))));
    expect(inboxes.map(({ texts }) => texts)).toEqual([["live"], ["kept", "live"]]);
    await plain.native.publishAsync(topic, "", { retain: true, qos: 1 });
  });

  it("is refused groups, which would lose what a member publishes", async () => {
    const bus = await brokers.open({ native });
    const filter = unique();
    await expect(bus.subscribe(request(filter, { group: "g" }), () => {})).rejects.toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
      needs: [
        {
          capability: "groups",
          subject: `subscribe("${filter}")`,
          detail: expect.stringContaining("native.noLocal") as string,
        },
      ],
    });
  });
});
