import type { Bus, Subscription, SubscriptionHealth } from "@busbar/core";
import { Reject } from "@busbar/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { amqpStranger, kafkaStranger, mqttStranger, natsStranger, redisStranger } from "../hostile/strangers.ts";
import type { Fate, Stranger } from "../hostile/strangers.ts";
import { all } from "../support/cut-calls.ts";
import { everyRealBroker } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";

const strangers = {
  mqtt: mqttStranger,
  amqp: (url) => amqpStranger(url, process.env["BUSBAR_TEST_RABBITMQ_MANAGEMENT_URL"] ?? ""),
  kafka: kafkaStranger,
  nats: natsStranger,
  redis: redisStranger,
} as const satisfies Readonly<Record<string, (url: string) => Promise<Stranger>>>;

const patience = { timeout: 15_000 };

for (const { name, url = "", variable } of everyRealBroker) {
  if (url === "") console.warn(`Skipped: hostile messages on ${name}, for ${variable} is not set.`);
  if (url === "" || name === "memory") continue;
  const stranger: Stranger = await strangers[name](url);

  describe(`what a foreign client makes up to do harm on ${name}`, () => {
    const buses = new OpenBuses();
    const [topic, reads, refuses] = [unique("hostile"), unique("reads"), unique("refuses")];
    const filters = name === "kafka" || name === "redis" ? [topic] : [topic, `${topic}.below.**`];
    const markers: Record<string, unknown[]> = { [reads]: [], [refuses]: [] };
    const subscriptions: Subscription[] = [];
    let bus: Bus;

    beforeAll(async () => {
      bus = await buses.connectForAll(url);
      for (const filter of filters) {
        const reader = await bus.subscribe(filter, { group: reads }, (payload, { id, headers, params, key }) => {
          if (typeof payload === "string") markers[reads]?.push(payload);
          // A handler looks at what it gets.
          return JSON.stringify([id, headers, params, key]);
        });
        const refuser = await bus.subscribe(filter, { group: refuses }, (payload) => {
          if (typeof payload !== "string" || !payload.startsWith("after ")) throw new Reject("not from here");
          markers[refuses]?.push(payload);
        });
        subscriptions.push(reader, refuser);
      }
    });

    afterAll(async () => {
      await stranger.end();
      for (const subscription of subscriptions) await subscription.remove();
      for (const group of [reads, refuses]) await bus.deadLetters(group).drop();
    });

    it.each(stranger.messages)("comes to its end, and the next one through: $what", async (message) => {
      const { what, fate, send, isTooLargeToBury = false } = message;
      const [before, beforeRefused] = [countsOf(bus, reads), countsOf(bus, refuses)];
      const sent = await send(topic).then(
        () => true,
        () => false,
      );
      const marker = `after ${what}`;
      await bus.publish(topic, marker);
      for (const group of [reads, refuses])
        await expect
          .poll(() => markers[group], { ...patience, message: `${group} gets the next message` })
          .toContain(marker);

      expect(sent).toBe(fate !== "refused");
      await expect.poll(() => changes(before, countsOf(bus, reads)), patience).toEqual(handledAnd(fate));
      const refusal = fate !== "handled" ? fate : isTooLargeToBury ? "delayed" : "dead";
      await expect.poll(() => changes(beforeRefused, countsOf(bus, refuses)), patience).toEqual(handledAnd(refusal));
      expect(bus.health()).toMatchObject({ status: "ok" });
      expect("polluted" in {}).toBe(false);
    });

    it("lies among the dead letters, each of which is listed", async () => {
      const { dead } = countsOf(bus, refuses);
      const letters = await all(bus.deadLetters(refuses).list());
      expect(letters).toHaveLength(dead);
    });
  });
}

type Counts = Record<Exclude<Fate, "refused"> | "delayed", number>;

/** What became of the messages of a group, over all of its subscriptions. */
function countsOf(bus: Bus, group: string): Counts {
  const of = (count: (one: SubscriptionHealth) => number): number =>
    bus
      .health()
      .subscriptions.filter((one) => one.group === group)
      .reduce((sum, one) => sum + count(one), 0);
  return {
    handled: of((one) => one.handled),
    dead: of((one) => one.deadLettered),
    unmatched: of((one) => one.unmatched),
    delayed: of((one) => one.delayed),
  };
}

function changes(before: Counts, after: Counts): Counts {
  return {
    handled: after.handled - before.handled,
    dead: after.dead - before.dead,
    unmatched: after.unmatched - before.unmatched,
    delayed: after.delayed - before.delayed,
  };
}

/** What changes by such a fate, and by the ordinary message behind it. */
function handledAnd(fate: Fate | "delayed"): Counts {
  const counts: Counts = { handled: 1, dead: 0, unmatched: 0, delayed: 0 };
  return fate === "refused" ? counts : { ...counts, [fate]: counts[fate] + 1 };
}
