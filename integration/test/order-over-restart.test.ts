import { expect, it } from "vitest";
import { describeOn, realBrokers } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";

describeOn(realBrokers, "the messages of one key", ({ url }) => {
  const buses = new OpenBuses();

  it(
    "come in order to whoever comes after a process that left some of them unhandled",
    { timeout: 60_000 },
    async () => {
      const topic = unique("order");
      const [instance, options] = [unique("i"), { group: unique("g"), maxInFlight: 5 }];
      const [first, outside] = [await buses.connect(url, { instance }), await buses.connect(url)];
      await outside.publish(topic, "warm", { key: "k" });
      const begun: unknown[] = [];
      // The first one is handled, the second hangs, three wait behind it, and the rest is with the broker.
      await first.subscribe(topic, options, (number) => {
        if (typeof number !== "number") return undefined;
        begun.push(number);
        return number === 0 ? undefined : new Promise<void>(() => undefined);
      });
      for (let number = 0; number < 10; number++) await outside.publish(topic, number, { key: "k" });
      await expect.poll(() => begun, { timeout: 20_000 }).toEqual([0, 1]);
      await first.close({ deadlineMs: 200 });

      const second = await buses.connect(url, { instance });
      const seen: unknown[] = [];
      await second.subscribe(topic, options, (number) => seen.push(number));
      buses.forgetLater(second, topic, options);

      await expect.poll(() => seen.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(9);
      expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    },
  );
});
