import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { acknowledging, errorOf, openBroker, ownToken, record, request, statusOf, streamsOf } from "./fixtures.ts";

async function messagesUnder(token: string): Promise<number> {
  for await (const { state } of (await streamsOf()).streams.list(`${token}.>`)) return state.messages;
  throw new Error("There is no stream.");
}

describe.skipIf(brokerUrl === undefined)("a stream that keeps what somebody needs", () => {
  it("keeps a message until every group has handled it, with interest", async () => {
    const token = ownToken();
    const broker = await openBroker({ native: { retention: "interest" } });
    const [one, other] = [acknowledging(), acknowledging()];
    await broker.subscribe(request(`${token}.a`, { group: "one" }), one.sink);
    const away = await broker.subscribe(
      request(`${token}.a`, { group: "other", name: `${token}-other` }),
      () => undefined,
    );
    await away.close();
    await broker.publish(record(`${token}.a`, "wanted"));
    await one.received(1);
    expect(await messagesUnder(token)).toBe(1);
    await broker.subscribe(request(`${token}.a`, { group: "other", name: `${token}-other` }), other.sink);
    await other.received(1);
    await expect.poll(() => messagesUnder(token)).toBe(0);
  });

  it("keeps a message until the one group there may be has handled it, as a work queue", async () => {
    const token = ownToken();
    const broker = await openBroker({ native: { retention: "workqueue" } });
    await broker.publish(record(`${token}.a`, "waits"));
    const inbox = acknowledging();
    const group = request(`${token}.a`, { group: "one", startFrom: "earliest" });
    const unwanted = await errorOf(broker.subscribe({ ...group, startFrom: "new" }, inbox.sink));
    expect(unwanted).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    expect(String(unwanted)).toContain('startFrom: "earliest"');
    await broker.subscribe(group, inbox.sink);
    await inbox.received(1);
    await expect.poll(() => messagesUnder(token)).toBe(0);
    const second = request(`${token}.a`, { group: "two", startFrom: "earliest" });
    const error = await errorOf(broker.subscribe(second, () => undefined));
    expect(error).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
    expect(String(error)).toContain("work queue");
  });

  it("says that it has nothing earlier for who comes late", async () => {
    const interested = await statusOf(await openBroker({ native: { retention: "interest" } }), "connected");
    expect(interested.effective.supports.startFromEarliest).toBe("unsupported");
    expect(interested.effective.warnings.join()).toContain("interest");
    const queue = await statusOf(await openBroker({ native: { retention: "workqueue" } }), "connected");
    expect(queue.effective.supports).toMatchObject({ startFromEarliest: "native", broadcast: "unsupported" });
  });
});
