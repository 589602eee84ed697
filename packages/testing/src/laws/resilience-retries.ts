import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import { numberIn, publishNumbered, range, textOf } from "../numbered.ts";

const count = 10;

/** H3: what failed before a cut and fails again after it. */
export const retryLaws: readonly Law[] = [
  {
    id: "H3",
    title:
      "messages that fail while connections are cut are run again, no attempt is lost to a cut, and each is handled",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    facility: "link",
    deadlines: 14,
    bus: async (scene) => {
      const topic = scene.topic("failing");
      const link = await scene.link();
      const bus = await scene.busOver(scene.adopt(await link.create(scene.member("consumer"))), "consumer");
      const failures = new Map<number, number>();
      /** How many messages have begun their first, second and third run. */
      const begun = [new Set<number>(), new Set<number>(), new Set<number>()];
      const attempts = new Set<number>();
      const handled = new Set<number>();
      const gates = [scene.gate(), scene.gate(), scene.gate()];
      const options = {
        group: scene.group("failing"),
        concurrency: count,
        retry: { attempts: 3, backoffMs: 1 },
        deadLetter: false,
      } as const;
      await bus.subscribe<Uint8Array>(topic, options, async (payload, { attempt }) => {
        const number = Number(textOf(payload));
        attempts.add(attempt);
        const failed = failures.get(number) ?? 0;
        begun[failed]?.add(number);
        await gates[failed]?.passed();
        if (failed === 2) return void handled.add(number);
        failures.set(number, failed + 1);
        throw new Error(`failure ${failed + 1} of ${number}`);
      });
      await publishNumbered(await scene.driverClient("publisher"), topic, [0, count], (index) => ({
        key: `key-${index}`,
      }));
      for (const [time, gate] of gates.entries()) {
        await scene.recovers(
          `every message is run for the ${time + 1}. time`,
          () => begun[time]?.size === count,
          () => begun.map((numbers) => [...numbers]),
        );
        link.sever();
        gate.open();
      }
      await scene.recovers(
        "each message is handled in the end",
        () => handled.size === count,
        () => [...handled],
      );
      assert.ok(Math.max(...attempts) <= 3, "a cut is no attempt");
      await scene.recovers(
        "the subscription is well",
        () => bus.health().status === "ok",
        () => bus.health(),
      );
    },
    driver: async (scene) => {
      const topic = scene.topic("failing");
      const link = await scene.link();
      const consumer = await scene.clientOver(link, "consumer");
      const times = new Map<number, number>();
      const handled = new Set<number>();
      const gate = scene.gate();
      await consumer.subscribe(topic, { group: scene.group("failing") }, async (received) => {
        const number = numberIn(received);
        const time = (times.get(number) ?? 0) + 1;
        times.set(number, time);
        if (time === 1) {
          await gate.passed();
          throw new Error("not this time");
        }
        handled.add(number);
      });
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, topic, [0, count]);
      await scene.eventually("every message is out", () => times.size === count);
      link.sever();
      gate.open();
      await scene.recovers(
        "what was given back over a connection that was cut comes again",
        () => range(0, count).every((number) => handled.has(number)),
        () => [...handled],
      );
      await publishNumbered(publisher, topic, [count, count + 1]);
      await scene.recovers("and the subscription goes on", () => times.has(count));
    },
  },
];
