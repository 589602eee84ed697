import { afterEach, expect, it } from "vitest";
import { describeOnMosquitto, mosquittoUrl } from "./broker-url.ts";
import { acknowledging, Brokers, outbound, request, status, unique } from "./fixtures.ts";
import type { Inbox } from "./fixtures.ts";

const brokers = new Brokers(mosquittoUrl);
afterEach(() => brokers.close());

/** Listens to a topic and all below it, by a broker that has no will. */
async function listening(
  topic: string,
): Promise<{ inbox: Inbox; publish: (topic: string, text: string) => Promise<unknown> }> {
  const broker = await brokers.open();
  const inbox = acknowledging();
  await broker.subscribe(request(`${topic}.**`), inbox.sink);
  return { inbox, publish: (to, body) => broker.publish(outbound(to, body)) };
}

describeOnMosquitto("a last will", () => {
  it.each([4, 5] as const)(
    "is published when the connection is lost, and again when the next one is, on version %d",
    async (protocolVersion) => {
      const topic = unique();
      const { inbox } = await listening(topic);
      const dying = await brokers.open({
        native: { protocolVersion, will: { topic: `${topic}.gone`, payload: { id: 7 } } },
      });
      dying.native.stream.destroy();
      await inbox.received(1);
      expect(inbox.texts).toEqual(['{"id":7}']);
      expect(inbox.deliveries[0]?.record.address).toBe(`${topic}.gone`);
      await status(dying, "connected");
      dying.native.stream.destroy();
      await inbox.received(2);
    },
  );

  it.each([4, 5] as const)("is not published after a goodbye, on version %d", async (protocolVersion) => {
    const topic = unique();
    const { inbox, publish } = await listening(topic);
    const ending = await brokers.open({ native: { protocolVersion, will: { topic: `${topic}.gone` } } });
    await ending.close();
    await publish(`${topic}.later`, "later");
    await inbox.received(1);
    expect(inbox.texts).toEqual(["later"]);
  });

  it.each([4, 5] as const)("is kept for who comes later, where it is to be, on version %d", async (protocolVersion) => {
    const topic = unique();
    const { inbox } = await listening(topic);
    const payload = Uint8Array.from([1, 2]);
    const will = { topic: `${topic}.state`, payload, retain: true } as const;
    const dying = await brokers.open({ native: { protocolVersion, will } });
    dying.native.stream.destroy();
    await inbox.received(1);
    const late = await listening(topic);
    await late.inbox.received(1);
    expect(late.inbox.deliveries[0]?.record).toMatchObject({ retained: true, body: Buffer.from(payload) });
  });
});

describeOnMosquitto("a last will that waits", () => {
  it("is published once its time is over, and not for a process that came back before", async () => {
    const topic = unique();
    const { inbox } = await listening(topic);
    const back = await brokers.open({ native: { will: { topic: `${topic}.back`, delayMs: 1_000 } } });
    back.native.stream.destroy();
    await status(back, "connected");
    // Lost later, with a longer wait, and for good: when this will comes, the time of the other one is long over.
    const lost = await brokers.open({ native: { will: { topic: `${topic}.lost`, delayMs: 2_000 } } });
    lost.native.stream.destroy();
    await lost.close();
    await inbox.received(1);
    expect(inbox.deliveries.map(({ record }) => record.address)).toEqual([`${topic}.lost`]);
  });
});
