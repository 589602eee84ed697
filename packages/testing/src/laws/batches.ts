import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import { ascending, range } from "../numbered.ts";
import { theDeadLetter } from "../scene/dead-letters.ts";
import type { Scene } from "../scene/scene.ts";

/** F1 and F2: messages that are handled several at once. */
export const batchLaws: readonly Law[] = [
  {
    id: "F1",
    title: "a batch has as many messages as there are up to its most, and waits no longer than it was told to",
    everywhere: true,
    needs: ["atLeastOnce"],
    bus: async (scene) => {
      const topic = scene.topic("batches");
      const bus = await scene.bus("main");
      const batches: number[][] = [];
      let busy = 0;
      let most = 0;
      const options = { maxSize: 5, maxWaitMs: 2 * scene.quietMs, deadLetter: false } as const;
      await bus.subscribeBatch<number>(topic, options, async (batch) => {
        most = Math.max(most, ++busy);
        batches.push(batch.map(({ payload }) => payload));
        await new Promise((resolve) => void setImmediate(resolve));
        busy--;
      });
      await bus.publish(topic, 0);
      await scene.eventually("one message alone is given when it has waited long enough", () => batches.length > 0);
      assert.deepEqual(batches, [[0]], "and alone");
      await Promise.all(range(1, 13).map((number) => bus.publish(topic, number)));
      await scene.eventually(
        "every message arrives",
        () => batches.flat().length >= 13,
        () => batches,
      );
      await scene.stays("none arrives twice", () => batches.flat().length === 13);
      assert.deepEqual(batches.flat().sort(ascending), range(0, 13), "each message is in one batch");
      assert.equal(
        Math.max(...batches.map(({ length }) => length)),
        5,
        "a batch is filled to its most, and no further",
      );
      assert.equal(most, 1, "there is one batch at a time");
      await behindASlowOne(scene);
    },
  },
  {
    id: "F2",
    title: "of a batch only the messages that failed are run again or buried, and the others are done",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters"],
    bus: async (scene) => {
      const [topic, group] = [scene.topic("partly"), scene.group("partly")];
      const bus = await scene.bus("main");
      const runs: { number: number; attempt: number }[] = [];
      const retry = { attempts: 3, backoffMs: 1 };
      const options = { group, maxSize: 6, maxWaitMs: scene.quietMs, retry };
      await bus.subscribeBatch<number>(topic, options, (batch) => {
        for (const { payload, message } of batch) {
          runs.push({ number: payload, attempt: message.attempt });
          if (payload === 2 && message.attempt === 1) message.retryLater();
          if (payload === 4) message.reject("cannot be used");
        }
      });
      await Promise.all(range(0, 6).map((number) => bus.publish(topic, number)));
      const letter = await theDeadLetter(scene, bus, group);
      assert.equal(letter.reason, "rejected", "the one that was rejected is a dead letter");
      await scene.eventually("the one that failed is run again", () => runs.some(({ attempt }) => attempt === 2));
      await scene.stays(
        "the others are not",
        () => runs.length === 7,
        () => runs,
      );
      const attempts = range(0, 6).map((wanted) =>
        runs.filter(({ number }) => number === wanted).map(({ attempt }) => attempt),
      );
      assert.deepEqual(attempts, [[1], [1], [1, 2], [1], [1], [1]], "each has the attempts that it needs");
      await thrownOver(scene);
    },
  },
];

/** Holds when a message that has waited long enough while a batch ran is given when that ends, although no other comes. */
async function behindASlowOne(scene: Scene): Promise<void> {
  const topic = scene.topic("behind");
  const bus = await scene.bus("slow");
  const gate = scene.gate();
  const batches: number[][] = [];
  const options = { maxSize: 5, maxWaitMs: scene.quietMs / 4, deadLetter: false } as const;
  const subscription = await bus.subscribeBatch<number>(topic, options, async (batch) => {
    batches.push(batch.map(({ payload }) => payload));
    if (batches.length === 1) await gate.passed();
  });
  await bus.publish(topic, 0);
  await scene.eventually("the first message is given", () => batches.length === 1);
  await bus.publish(topic, 1);
  await scene.eventually("the next is taken while its batch runs", () => subscription.health().running === 2);
  await scene.stays("a batch that runs for longer than others wait holds them back", () => batches.length === 1);
  gate.open();
  await scene.eventually(
    "what has waited long enough is given when the batch before it has ended",
    () => batches.length === 2,
    () => batches,
  );
  assert.deepEqual(batches, [[0], [1]], "each message is in one batch");
}

/** Holds when a handler that throws has failed all of its batch that it had not settled, and nothing else of it. */
async function thrownOver(scene: Scene): Promise<void> {
  const [topic, group] = [scene.topic("thrown"), scene.group("thrown")];
  const bus = await scene.bus("throwing");
  const runs: number[][] = [];
  const options = { group, maxSize: 4, maxWaitMs: scene.quietMs, retry: { backoffMs: 1 }, deadLetter: false } as const;
  await bus.subscribeBatch<number>(topic, options, (batch) => {
    runs.push(batch.map(({ payload }) => payload).sort(ascending));
    for (const { payload, message } of batch) if (payload < 2) message.ack();
    if (runs.length === 1) throw new Error("half way");
  });
  await Promise.all(range(0, 4).map((number) => bus.publish(topic, number)));
  const flat = (): readonly number[] => runs.flat();
  await scene.eventually("what a handler had not settled when it threw is run again", () => flat().length >= 6, flat);
  await scene.stays("and what it had acknowledged is not", () => flat().length === 6, flat);
  assert.deepEqual([...flat()].sort(ascending), [0, 1, 2, 2, 3, 3], "each has the runs that it needs");
}
