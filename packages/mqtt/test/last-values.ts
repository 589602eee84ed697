import { TcpProxy } from "@busbar/testing";
import { afterEach, describe, expect, it } from "vitest";
import { acknowledging, Brokers, outbound, request, unique } from "./fixtures.ts";
import type { MqttNativeOptions } from "@busbar/mqtt";
import type { TestedServer } from "./tested-server.ts";
import { describeWhere, itWhere } from "../../../integration/support/where.ts";

/** What becomes of values that a server keeps, and of topics that go by a number. */
export function lastValues({ name, url, versions }: TestedServer): void {
  const brokers = new Brokers(url);
  afterEach(() => brokers.close());

  /** What a durable subscription is given that is made, left and taken up again while there is a last value: its texts, and whether each was kept. */
  async function given(
    native: MqttNativeOptions,
    expected: readonly (readonly [string, boolean])[],
  ): Promise<readonly (readonly [text: string, retained: boolean])[]> {
    const bus = await brokers.open({ native });
    const topic = unique();
    await bus.publish(outbound(topic, "kept", { retain: true }));
    const inbox = acknowledging();
    const asked = request(topic, { durable: true });
    for (let round = 0; round < 2; round++) {
      const subscriber = await bus.subscribe(asked, inbox.sink);
      // HiveMQ sends what it keeps a little later than it confirms the subscription.
      await inbox.received(expected.findIndex(([text]) => text === `live ${round}`));
      await bus.publish(outbound(topic, `live ${round}`));
      await inbox.until(() => inbox.texts.includes(`live ${round}`));
      if (round === 0) await subscriber.close();
      else await subscriber.remove();
    }
    await bus.native.publishAsync(topic, "", { retain: true, qos: 1 });
    return inbox.deliveries.map(({ record }, index) => [inbox.texts[index] ?? "", record.retained === true] as const);
  }

  describe(`a last value on ${name}`, () => {
    const [kept, first, second] = [
      ["kept", true],
      ["live 0", false],
      ["live 1", false],
    ] as const;
    const cases = [
      [5, "with a subscription that is new", {}, [kept, first, second]],
      [5, "each time that the process subscribes", { lastValues: "always" }, [kept, first, kept, second]],
      [5, "never", { lastValues: "never" }, [first, second]],
      [4, "each time on MQTT 3.1.1, which knows nothing else", {}, [kept, first, kept, second]],
    ] as const;
    const possible = cases.filter(([version]) => versions.includes(version));
    it.each(possible)("on version %d is given %s", async (protocolVersion, _when, native, expected) => {
      await expect(given({ protocolVersion, ...native }, expected)).resolves.toEqual(expected);
    });

    itWhere(versions.includes(5))("says so when it was published just now only where that was asked for", async () => {
      for (const retainAsPublished of [false, true]) {
        const bus = await brokers.open({ native: { retainAsPublished } });
        const topic = unique();
        const inbox = acknowledging();
        await bus.subscribe(request(topic), inbox.sink);
        await bus.publish(outbound(topic, "live", { retain: true }));
        await inbox.received(1);
        expect(inbox.deliveries[0]?.record.retained ?? false).toBe(retainAsPublished);
        await bus.native.publishAsync(topic, "", { retain: true, qos: 1 });
      }
    });

    it.each(versions)(
      "on version %d is deleted by nothing in its place where that was asked for, and not by accident",
      async (protocolVersion) => {
        const bus = await brokers.open({ native: { protocolVersion, emptyRetained: "clear" } });
        const careful = await brokers.open({ native: { protocolVersion } });
        const topic = unique();
        await bus.publish(outbound(topic, "kept", { retain: true }));
        await expect(careful.publish(outbound(topic, "", { retain: true }))).rejects.toMatchObject({
          code: "BUSBAR_UNSUPPORTED",
          message: expect.stringContaining("native.emptyRetained") as string,
        });
        const before = acknowledging();
        await careful.subscribe(request(topic), before.sink);
        await before.received(1);
        await bus.publish(outbound(topic, "", { retain: true }));
        await before.received(2);
        expect(before.texts).toEqual(["kept", ""]);
        const after = acknowledging();
        await bus.subscribe(request(topic), after.sink);
        await bus.publish(outbound(topic, "live"));
        await after.received(1);
        expect(after.texts).toEqual(["live"]);
      },
    );
  });

  describeWhere(versions.includes(5))(`a topic with an alias on ${name}`, () => {
    it.each([
      [false, 20],
      [true, 1],
    ])("(%j) is written to the connection as often as needed, and read as it is", async (topicAliases, times) => {
      const proxy = await TcpProxy.open({ port: Number(new URL(url).port) });
      let said = "";
      proxy.onSaid = (bytes) => (said += bytes.toString("latin1"));
      const bus = await brokers.open({ url: `mqtt://127.0.0.1:${proxy.port}`, native: { topicAliases } });
      const listening = await brokers.open();
      const topics = [unique(), unique()];
      const inbox = acknowledging();
      for (const topic of topics) await listening.subscribe(request(topic), inbox.sink);
      for (let index = 0; index < 40; index++) await bus.publish(outbound(topics[index % 2] ?? "", String(index)));
      await inbox.received(40);
      for (const [which, topic] of topics.entries()) {
        expect(said.split(topic).length - 1).toBe(times);
        const read = inbox.deliveries
          .filter(({ record }) => record.address === topic)
          .map(({ record }) => String(record.body));
        expect(read).toEqual(Array.from({ length: 20 }, (_, index) => String(2 * index + which)));
      }
      await brokers.close();
      await proxy.close();
    });
  });
}
