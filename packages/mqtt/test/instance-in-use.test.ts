import type { BrokerStatus } from "@busbar/core/contract";
import { TcpProxy } from "@busbar/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeOnMosquitto, mosquittoUrl } from "./broker-url.ts";
import { acknowledging, Brokers, outbound, request, status, unique } from "./fixtures.ts";

const brokers = new Brokers(mosquittoUrl);
let proxy: TcpProxy;
beforeEach(async () => {
  if (mosquittoUrl !== "") proxy = await TcpProxy.open({ port: Number(new URL(mosquittoUrl).port) });
});
afterEach(async () => {
  await brokers.close();
  await proxy?.close();
});

describeOnMosquitto("two processes under one instance name", () => {
  it.each([5, 4] as const)("are a fatal error in one of them, not a loop, on version %d", async (protocolVersion) => {
    const native = { protocolVersion };
    const [one, other] = [await brokers.open({ native }), await brokers.open({ native })];
    const asked = request(unique(), { durable: true });
    const fatal = Promise.race([status(one, "fatal"), status(other, "fatal")]);
    const fatals: BrokerStatus[] = [];
    for (const bus of [one, other]) bus.onStatus((told) => told.type === "fatal" && fatals.push(told));
    const inboxes = [acknowledging(), acknowledging()];
    await one.subscribe(asked, inboxes[0]?.sink ?? (() => {}));
    await other.subscribe(asked, inboxes[1]?.sink ?? (() => {}));
    await expect(fatal).resolves.toMatchObject({
      name: asked.name,
      error: {
        code: "BUSBAR_INSTANCE_IN_USE",
        retryable: false,
        message: expect.stringContaining("instance name") as string,
      },
    });
    // The one that is left is left in peace, and serves.
    await one.publish(outbound(asked.filter, "x"));
    await expect.poll(() => inboxes.flatMap(({ texts }) => texts), { timeout: 5000 }).toEqual(["x"]);
    expect(fatals).toHaveLength(1);
  });

  it("are not seen in a network that cuts every connection again and again", async () => {
    const bus = await brokers.open({ url: `mqtt://127.0.0.1:${proxy.port}` });
    const asked = request(unique(), { durable: true });
    const inbox = acknowledging();
    const fatals: BrokerStatus[] = [];
    bus.onStatus((told) => told.type === "fatal" && fatals.push(told));
    await bus.subscribe(asked, inbox.sink);
    for (let round = 0; round < 4; round++) {
      const back = status(bus, "subscription", ({ connected }) => connected);
      proxy.cut();
      await back;
    }
    await expect
      .poll(() =>
        bus.publish(outbound(asked.filter, "x")).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await inbox.received(1);
    expect(fatals).toEqual([]);
  });
});
