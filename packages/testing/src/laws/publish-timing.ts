import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import { ascending, bytesOf, numbersIn, publishNumbered, range } from "../numbered.ts";
import type { Scene } from "../scene/scene.ts";

/** How long I4 lets a message be held back, in milliseconds. */
const delayMs = 1_200;
/** How soon a message of I5 expires, in milliseconds. */
const expiresInMs = 400;
/**
 * How long I5 waits until it looks, in milliseconds. A wait by the clock, because it is the server's clock that is tried: some
 * count in whole seconds, and round up.
 */
const expiredAfterMs = 2_600;

/** I4 to I6: messages that come later, not any more, or before others. */
export const publishTimingLaws: readonly Law[] = [
  {
    id: "I4",
    title: "a message that is published with a delay arrives, and never before its time",
    everywhere: false,
    needs: ["delay"],
    both: async (scene) => {
      const topic = scene.topic("delayed");
      const arrivedAt = new Map<string, number>();
      const consumer = await scene.client("consumer");
      const inbox = await consumer.subscribe(topic, {}, ({ body }) => {
        arrivedAt.set(Buffer.from(body).toString(), performance.now());
      });
      const publisher = await scene.client("publisher");
      const began = performance.now();
      await publisher.publish(topic, bytesOf("1"), { delayMs });
      await publisher.publish(topic, bytesOf("0"));
      await scene.arrives(inbox, 1, "what has no delay arrives");
      await scene.arrives(inbox, 2, "what was delayed arrives");
      await scene.noMoreThan(inbox, 2, "and each of them once");
      // Up to the whole millisecond, because timers end a fraction of one early.
      const took = Math.ceil((arrivedAt.get("1") ?? 0) - began);
      assert.ok(took >= delayMs, `nothing arrives before its time: after ${took} of ${delayMs} ms`);
      assert.deepEqual(numbersIn(inbox), [0, 1], "what has no delay does not wait for what has one");
    },
  },
  {
    id: "I5",
    title: "a message that has expired does not arrive, and one that has not expired does",
    everywhere: false,
    needs: ["expiry", "groups", "durable"],
    deadlines: 6,
    both: async (scene) => {
      const [topic, group] = [scene.topic("expiring"), scene.group("expiring")];
      const before = await scene.client("member");
      const there = await before.subscribe(topic, { group });
      const publisher = await scene.client("publisher");
      await publisher.publish(topic, bytesOf("0"), { expiresInMs: scene.deadlineMs });
      await scene.arrives(there, 1, "what is handled in time arrives");
      // Nobody is there until the first has expired, so that it waits where its time is counted.
      await scene.within("the member leaves", before.close());
      const almost = expiredAfterMs + scene.deadlineMs;
      for (const [number, life] of [expiresInMs, almost, 3_600_000, undefined].entries())
        await publisher.publish(topic, bytesOf(String(number + 1)), life === undefined ? {} : { expiresInMs: life });
      await lastValues(scene, expiresInMs, almost);
      await new Promise((resolve) => void setTimeout(resolve, expiredAfterMs));
      const after = await scene.client("member");
      const back = await after.subscribe(topic, { group });
      await scene.arrives(back, 3, "what has not expired arrives, also what is about to");
      await scene.noMoreThan(back, 3, "what has expired does not arrive");
      assert.deepEqual([...numbersIn(back)].sort(ascending), [2, 3, 4], "what arrives is what has not expired");
      if (scene.can("retain")) await lastValuesSeen(scene);
    },
  },
  {
    id: "I6",
    title: "of the messages that wait, those of a higher priority go first, and none is left behind",
    everywhere: false,
    needs: ["priority", "groups", "durable"],
    deadlines: 6,
    both: async (scene) => {
      const [topic, group] = [scene.topic("priorities"), scene.group("priorities")];
      const before = await scene.client("member");
      await before.subscribe(topic, { group });
      // Nobody is there, so that all of them wait for each other.
      await scene.within("the member leaves", before.close());
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, 5], () => ({ priority: 1 }));
      await publishNumbered(publisher, topic, [5, 10], () => ({ priority: 9 }));
      const after = await scene.client("member");
      const back = await after.subscribe(topic, { group, atOnce: 1 });
      await scene.arrives(back, 10, "every message arrives, whatever its priority");
      await scene.noMoreThan(back, 10, "and each of them once");
      assert.deepEqual(
        numbersIn(back).map((number) => (number < 5 ? "low" : "high")),
        [...range(0, 5).map(() => "high"), ...range(0, 5).map(() => "low")],
        "those of a higher priority go first",
      );
    },
  },
];

/** Where the server keeps last values, leaves one that expires soon and one that does not. */
async function lastValues(scene: Scene, ...lives: readonly number[]): Promise<void> {
  if (!scene.can("retain")) return scene.note("not over kept last values, retain is unsupported");
  const publisher = await scene.client("keeper");
  for (const [index, life] of lives.entries())
    await publisher.publish(scene.topic("kept", String(index)), bytesOf(String(index)), {
      retain: true,
      expiresInMs: life,
    });
}

/** Holds when of the kept last values that which has expired is gone, and the other is not. */
async function lastValuesSeen(scene: Scene): Promise<void> {
  const consumer = await scene.client("late");
  const [gone, kept] = [
    await consumer.subscribe(scene.topic("kept", "0")),
    await consumer.subscribe(scene.topic("kept", "1")),
  ];
  await scene.arrives(kept, 1, "a kept last value that has not expired arrives");
  await scene.noMoreThan(gone, 0, "a kept last value that has expired does not arrive");
}
