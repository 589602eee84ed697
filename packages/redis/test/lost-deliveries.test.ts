import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { foreignClient, Inbox, nextStatus, openBroker, proxied, record, request, unique } from "./fixtures.ts";

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => String(from + n));

describe.skipIf(brokerUrl === undefined)("what the server had sent when the connection was cut", () => {
  it.each([
    ["a broadcast", {}],
    ["a group", { group: "g" }],
  ])("comes again to %s at once, before anything later", { timeout: 30_000 }, async (_name, owner) => {
    const topic = unique("a.");
    const { proxy, url } = await proxied();
    // Longer than the test waits: what comes again before does not come by the end of its lease.
    const native = { leaseMs: 120_000 };
    const clientName = unique();
    const [cut, direct] = [await openBroker({ url, native, clientName }), await openBroker({ native })];
    const client = await foreignClient();
    const waits = async (): Promise<boolean> => {
      const clients = (await client.sendCommand<string>(["CLIENT", "LIST"])).split("\n");
      return clients.some((line) => line.includes(`name=${clientName}:consume:`) && / flags=\w*b/.test(line));
    };
    const inbox = new Inbox((delivery) => setImmediate(() => delivery.settle("ack")));
    await cut.subscribe(request(topic, owner), inbox.sink);
    for (const text of numbers(0, 10)) await direct.publish(record(topic, text));
    await inbox.received(10);
    // The server has been asked for more, and will send it into nothing.
    await expect.poll(waits).toBe(true);
    proxy.freeze("everything");
    for (const text of numbers(10, 20)) await direct.publish(record(topic, text));
    const lostIt = nextStatus(cut, "disconnected");
    proxy.refuse();
    proxy.cut();
    await lostIt;
    for (const text of numbers(20, 30)) await direct.publish(record(topic, text));
    proxy.thaw();
    proxy.accept();
    const firsts = (): string[] => [...new Set(inbox.texts)];
    await expect.poll(() => firsts().length, { timeout: 20_000 }).toBe(30);
    expect(firsts()).toEqual(numbers(0, 30));
  });

  it("is left with a member that handles it, and taken from none but the one that was cut", async () => {
    const topic = unique("a.");
    const { proxy, url } = await proxied();
    const [cut, direct] = [await openBroker({ url }), await openBroker()];
    const asked = request(topic, { group: "g", maxInFlight: 1 });
    const [busy, first] = [new Inbox(), new Inbox()];
    await direct.subscribe(asked, busy.sink);
    await direct.publish(record(topic, "busy"));
    await busy.received(1);
    await cut.subscribe(asked, first.sink);
    await direct.publish(record(topic, "cut"));
    await first.received(1);
    proxy.cut();
    await first.received(2);
    expect(first.texts).toEqual(["cut", "cut"]);
    expect(busy.texts).toEqual(["busy"]);
    first.deliveries[1]?.settle("ack");
    busy.deliveries[0]?.settle("ack");
  });
});
