import type { Bus } from "@busbar/core";
import { BusError, Reject } from "@busbar/core";
import { expect, it } from "vitest";
import { describeOn, everyRealBroker } from "./brokers.ts";
import { OpenBuses, quiet, unique } from "./open-buses.ts";

const patience = { timeout: 60_000 };
/** Those that bound a message with its headers; RabbitMQ bounds its body alone, and mosquitto and Redis as good as nothing. */
const bounding = everyRealBroker.filter(({ name }) => name === "nats" || name === "kafka");

/** The length of the longest text that can be published. */
async function longest(bus: Bus, topic: string): Promise<number> {
  let [taken, refused] = [0, 2_000_000];
  while (refused - taken > 1) {
    const length = Math.floor((taken + refused) / 2);
    try {
      await bus.publish(topic, "x".repeat(length));
      taken = length;
    } catch (error) {
      if (!BusError.is(error) || error.code !== "BUSBAR_TOO_LARGE") throw error;
      refused = length;
    }
  }
  return taken;
}

describeOn(bounding, "a message nearly as large as its broker takes", ({ url }) => {
  const buses = new OpenBuses();

  it(
    "is dead-lettered with less about it, and only where that does not fit either stays, in nobody's way",
    patience,
    async () => {
      const warnings: string[] = [];
      const logger = { ...quiet, warn: (text: string) => void warnings.push(text) };
      const [topic, group] = [unique("large"), unique("g")];
      const bus = await buses.connect(url, { logger });
      const most = await longest(bus, unique("probe"));
      let broken = true;
      const handled: number[] = [];
      await bus.subscribe<string>(topic, { group }, (payload) => {
        if (broken && payload.length > 10) throw new Reject("e".repeat(2_000));
        handled.push(payload.length);
      });
      buses.forgetLater(bus, topic, { group });
      const spares = [2_000, 700, 210, 0];
      for (const spare of spares) await bus.publish(topic, "x".repeat(most - spare));
      await expect.poll(() => bus.health().subscriptions[0]?.deadLettered, patience).toBe(3);
      await bus.publish(topic, "next");
      await expect.poll(() => handled, patience).toEqual([4]);

      const letters = [];
      for await (const letter of bus.deadLetters(group).list()) letters.push(letter);
      const told = letters.map(({ body, error, filter }) => [most + 2 - body.byteLength, error.length, filter]);
      expect(told.sort(([one], [other]) => Number(other) - Number(one))).toEqual([
        [2_000, 1_000, topic],
        [700, 40, topic],
        [210, 0, ""],
      ]);
      for (const letter of letters)
        expect(letter).toMatchObject({
          topic,
          group,
          reason: "rejected",
          attempts: 1,
          contentType: "application/json",
        });
      // The last one waits for longer each time, and says so.
      expect(bus.health().subscriptions[0]).toMatchObject({ delayed: 1, running: 0, deadLettered: 3 });
      expect(warnings.filter((text) => text.includes("could not be written")).length).toBeLessThan(20);

      broken = false;
      expect(await bus.deadLetters(group).replay()).toBe(3);
      await expect
        .poll(() => handled.toSorted((one, other) => one - other), patience)
        .toEqual([4, most - 2_000, most - 700, most - 210]);
    },
  );
});
