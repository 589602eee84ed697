import { connect } from "@busbar/core";
import type { Bus } from "@busbar/core";
import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { afterwards, proxied, unique, url } from "./fixtures.ts";

/** The order in which each came for the first time. */
const firsts = (seen: readonly number[]): number[] => [...new Set(seen)];
const numbers = Array.from({ length: 200 }, (_, number) => number);
const patient = { timeout: 20_000 };

/** A bus over the given URL, which keeps its warnings to itself. */
async function busOver(way: string): Promise<Bus> {
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const bus = await connect({ service: unique(), instance: "0", brokers: { main: way }, logger });
  afterwards(() => bus.close({ deadlineMs: 2000 }));
  return bus;
}

describe.skipIf(brokerUrl === undefined)(
  "the messages of one key, over a connection that is cut again and again",
  () => {
    it(
      "reach the broker in the order of their publishes, those that are sent again too",
      { timeout: 60_000 },
      async () => {
        const { proxy, url: through } = await proxied();
        const [cut, direct] = [await busOver(through), await busOver(url())];
        const topic = unique();
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
        const { proxy, url: through } = await proxied();
        const [cut, direct] = [await busOver(through), await busOver(url())];
        const topic = unique();
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
  },
);
