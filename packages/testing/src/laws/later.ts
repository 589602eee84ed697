import assert from "node:assert/strict";
import { RetryLater } from "@busbar/core";
import type { Message } from "@busbar/core";
import type { Law } from "../law.ts";
import { publishNumbered, range } from "../numbered.ts";
import { joinGroup } from "../scene/group-member.ts";

/** Timers may differ by this much, in milliseconds; a delay that is left out is off by hundreds. */
const tolerance = 3;

/** C10 and C17: messages that are to come again, and not at once. */
export const laterLaws: readonly Law[] = [
  {
    id: "C10",
    title: "what is given back with a delay does not come again before it is over, and holds nothing up meanwhile",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce", "releaseOne", "delayedRelease"],
    deadlines: 6,
    driver: async (scene) => {
      const delayMs = 5 * scene.quietMs;
      let releasedAt: number | undefined;
      const waits: number[] = [];
      const first = await joinGroup(scene, "member", {
        maxInFlight: 1,
        take: (delivery, number) => {
          if (number > 0) return delivery.settle("ack");
          if (releasedAt !== undefined) waits.push(performance.now() - releasedAt);
          releasedAt = performance.now();
          delivery.settle("release", delayMs);
        },
      });
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, first.topic, [0, 5]);
      await scene.eventually("what is given back comes again", () => waits.length >= 2, first.numbers);
      assertNotBefore(delayMs, waits);
      const others = first
        .numbers()
        .slice(0, first.numbers().indexOf(0, 1))
        .filter((number) => number > 0);
      assert.deepEqual(new Set(others), new Set(range(1, 5)), "what is behind it comes meanwhile, with credit for one");
      await scene.within("the first process closes", first.close());

      const second = await joinGroup(scene, "member", {
        take: (delivery) => {
          if (releasedAt !== undefined) waits.push(performance.now() - releasedAt);
          delivery.settle("ack");
        },
      });
      await scene.eventually("the next process gets it too", () => second.deliveries.length >= 1, second.numbers);
      await scene.stays("once, when it is acknowledged", () => second.deliveries.length === 1, second.numbers);
      assertNotBefore(delayMs, waits);
    },
  },
  {
    id: "C17",
    title:
      "a handler that wants its message later is run again no sooner, uses up no attempt, and holds up nobody else",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    bus: async (scene) => {
      const delayMs = 3 * scene.quietMs;
      const bus = await scene.bus("main");
      for (const settle of ["auto", "manual"] as const) {
        const topic = scene.topic("later", settle);
        const runs: { number: number; attempt: number; at: number }[] = [];
        const ofTheLate = (): typeof runs => runs.filter(({ number }) => number === 0);
        const wantsItLater = (number: number, { attempt }: Message): boolean => {
          runs.push({ number, attempt, at: performance.now() });
          return number === 0 && ofTheLate().length < 3;
        };
        // With one attempt: were a wish for later a failure, there would be no other run.
        const options = { group: scene.group(settle), retry: { attempts: 1 }, deadLetter: false } as const;
        const subscription =
          settle === "auto"
            ? await bus.subscribe<number>(topic, options, (number, message) => {
                if (wantsItLater(number, message)) throw new RetryLater(delayMs);
              })
            : await bus.subscribe<number>(topic, { ...options, settle }, (number, message) => {
                if (wantsItLater(number, message)) message.retryLater(delayMs);
                else message.ack();
              });
        await Promise.all(range(0, 5).map((number) => bus.publish(topic, number, { key: `key-${number}` })));
        const seen = (): unknown => runs.map(({ number }) => number);
        await scene.eventually("it is run again as often as it wants to be", () => ofTheLate().length >= 3, seen);
        const [first = 0, second = 0, third = 0] = ofTheLate().map(({ at }) => at);
        assertNotBefore(delayMs, [second - first, third - second]);
        await scene.stays("and no more", () => runs.length === 7, seen);
        assert.ok(
          runs.every(({ number, at }) => number === 0 || at < third),
          "others are handled meanwhile",
        );
        assert.deepEqual([...new Set(runs.map(({ attempt }) => attempt))], [1], "it uses up no attempt");
        assert.equal(subscription.health().failed, 0, "and counts as no failure");
      }
    },
  },
];

function assertNotBefore(delayMs: number, waits: readonly number[]): void {
  assert.ok(
    waits.every((waited) => waited >= delayMs - tolerance),
    `never before its ${delayMs} ms are over, not after ${waits.map(Math.floor).join(" and ")} ms`,
  );
}
