import { TcpProxy } from "@busbar/testing";
import { afterEach, expect, it } from "vitest";
import { brokersOverProxies, describeOn } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";

/** The order in which each came for the first time. */
const firsts = (seen: readonly number[]): number[] => [...new Set(seen)];
const numbers = Array.from({ length: 200 }, (_, number) => number);
const patient = { timeout: 20_000 };

describeOn(brokersOverProxies, "the messages of one key, over a connection that is cut again and again", ({ url }) => {
  const buses = new OpenBuses();
  const proxies: TcpProxy[] = [];
  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });

  /** A way to the broker that can be cut. */
  async function proxied(): Promise<{ readonly proxy: TcpProxy; readonly through: string }> {
    const way = new URL(url);
    const proxy = await TcpProxy.open({ port: Number(way.port) });
    proxies.push(proxy);
    way.port = String(proxy.port);
    return { proxy, through: way.href };
  }

  it(
    "reach the broker in the order of their publishes, those that are sent again too",
    { timeout: 60_000 },
    async () => {
      const { proxy, through } = await proxied();
      const [cut, direct] = [await buses.connect(through), await buses.connect(url)];
      const topic = unique("order");
      const seen: number[] = [];
      await direct.subscribe<number>(topic, { order: "all" }, (number) => void seen.push(number));
      let confirmed = 0;
      const publishes = numbers.map(async (number) => {
        await cut.publish(topic, number, { key: "k" });
        confirmed++;
        // In the middle of what is on its way.
        if (confirmed % 60 === 0) proxy.cut();
      });
      await Promise.all(publishes);
      await expect.poll(() => firsts(seen).length, patient).toBe(numbers.length);
      expect(firsts(seen)).toEqual(numbers);
    },
  );

  it.each([
    ["a group", { group: "g", durable: true }],
    ["no group, kept through its grace", {}],
  ])(
    "are handled in their order and one at a time by a subscription of %s",
    { timeout: 60_000 },
    async (_name, owner) => {
      const { proxy, through } = await proxied();
      const [cut, direct] = [await buses.connect(through), await buses.connect(url)];
      const topic = unique("order");
      const handled: number[] = [];
      let [running, most] = [0, 0];
      const subscription = await cut.subscribe<number>(
        topic,
        { ...owner, concurrency: 4, maxInFlight: 32 },
        async (number) => {
          most = Math.max(most, ++running);
          // The connection goes while this one runs and others wait behind it; nothing can come back for a while.
          if (number % 60 === 30 && !handled.includes(number)) {
            proxy.refuse();
            proxy.cut();
            setTimeout(() => proxy.accept(), 150);
          }
          await new Promise((resolve) => setTimeout(resolve, 1));
          handled.push(number);
          running--;
        },
      );
      for (const number of numbers) await direct.publish(topic, number, { key: "k" });
      await expect.poll(() => firsts(handled).length, patient).toBe(numbers.length);
      expect(firsts(handled)).toEqual(numbers);
      expect(most).toBe(1);
      // The last cut may not be over yet, and a publish waits until it is.
      await cut.publish(`${topic}.end`, 0);
      await subscription.remove();
    },
  );
});
