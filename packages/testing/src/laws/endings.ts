import assert from "node:assert/strict";
import type { MessageStream } from "@busbar/core";
import type { Law } from "../law.ts";
import { ascending, bytesOf, numbersIn, publishNumbered } from "../numbered.ts";
import { deadLettersOf } from "../scene/dead-letters.ts";
import { joinGroup } from "../scene/group-member.ts";
import { watchingLeftOvers } from "../left-over.ts";

/** C12, G1, G3, G6, G8 and G10: how things end, and what is left of them. */
export const endingLaws: readonly Law[] = [
  {
    id: "C12",
    title: "a handler that gives up because it is told to stop has neither handled its message nor failed",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters"],
    deadlines: 6,
    bus: async (scene) => {
      const [topic, group] = [scene.topic("told"), scene.group("told")];
      const first = await scene.bus("member");
      let running = false;
      // With one attempt: were giving up a failure, the message would be a dead letter at once.
      const options = { group, retry: { attempts: 1 } };
      await first.subscribe(topic, options, async (_, { signal }) => {
        running = true;
        await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        });
      });
      const publisher = await scene.bus("publisher");
      await publisher.publish(topic, "unfinished");
      await scene.eventually("the handler is at work", () => running);
      await scene.within("closing ends", first.close({ deadlineMs: 20 }));
      const second = await scene.bus("member");
      const attempts: number[] = [];
      await second.subscribe(topic, options, (_, { attempt }) => void attempts.push(attempt));
      await scene.eventually("the next process gets the message", () => attempts.length > 0);
      assert.deepEqual(attempts, [1], "as if nobody had tried");
      assert.deepEqual(await deadLettersOf(second, group), [], "and it is no dead letter");
    },
  },
  {
    id: "G1",
    title: "opening and closing end in time, also while messages are out that nobody settles",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    driver: async (scene) => {
      const member = await joinGroup(scene, "member");
      await publishNumbered(await scene.driverClient("publisher"), member.topic, [0, 3]);
      await scene.eventually("the messages are out", () => member.deliveries.length === 3);
      await scene.within("closing ends while messages are out", member.close());
    },
  },
  {
    id: "G3",
    title: "closing ends the loops over messages, those of the stream and those of the bus",
    everywhere: true,
    needs: ["atLeastOnce"],
    bus: async (scene) => {
      const topic = scene.topic("streams");
      const bus = await scene.bus("main");
      const streams = [
        await bus.messages<number>(topic, { deadLetter: false }),
        await bus.messages<number>(topic, { deadLetter: false }),
      ];
      const loops = streams.map(readAll);
      for (const number of [0, 1, 2]) await bus.publish(topic, number);
      for (const { seen } of loops)
        await scene.eventually(
          "the loop gets every message",
          () => seen.length === 3,
          () => seen,
        );
      void streams[0]?.close();
      await scene.within("the loop over a stream that is closed ends", loops[0]?.ended ?? Promise.resolve());
      await bus.publish(topic, 3);
      await scene.eventually("the other goes on", () => loops[1]?.seen.length === 4);
      await scene.within("closing the bus ends", bus.close());
      await scene.within("the loop over a stream of a bus that is closed ends", loops[1]?.ended ?? Promise.resolve());
      assert.deepEqual(
        loops.map(({ seen }) => [...seen].sort(ascending)),
        [
          [0, 1, 2],
          [0, 1, 2, 3],
        ],
        "each loop had each message once",
      );
    },
  },
  {
    id: "G6",
    title: "a subscription that is not drained in time tells its handlers so, and gives back what they have",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    bus: async (scene) => {
      const [topic, group, never] = [scene.topic("late"), scene.group("late"), scene.gate()];
      const bus = await scene.bus("main");
      const signals: AbortSignal[] = [];
      const options = { group, deadLetter: false, concurrency: 2 } as const;
      const subscription = await bus.subscribe(topic, options, async (_, { signal }) => {
        signals.push(signal);
        await never.passed();
      });
      for (const payload of ["one", "two"]) await bus.publish(topic, payload);
      await scene.eventually("both handlers are at work", () => signals.length === 2);
      assert.ok(!signals.some(({ aborted }) => aborted), "nobody is told to stop before the deadline");
      await scene.within("closing ends at its deadline", subscription.close({ deadlineMs: 20 }));
      assert.ok(
        signals.every(({ aborted }) => aborted),
        "every handler is told to stop",
      );
      const again: string[] = [];
      await bus.subscribe<string>(topic, options, (payload) => void again.push(payload));
      await scene.eventually(
        "what they had comes again",
        () => again.length >= 2,
        () => again,
      );
      assert.deepEqual(new Set(again), new Set(["one", "two"]), "all of it");
    },
  },
  {
    id: "G8",
    title: "a process that only publishes needs no subscription and makes none",
    everywhere: true,
    both: async (scene) => {
      const topic = scene.topic("publisher-only");
      const inbox = await (await scene.driverClient("consumer")).subscribe(topic);
      const made = scene.ledger.entries.length;
      const publisher = await scene.client("publisher");
      await assert.doesNotReject(publishNumbered(publisher, topic, [0, 5]), "publishing works without a subscription");
      await scene.within("closing ends", publisher.close());
      await scene.arrives(inbox, 5, "everything is published");
      assert.deepEqual(new Set(numbersIn(inbox)), new Set([0, 1, 2, 3, 4]), "as it was");
      assert.equal(scene.ledger.entries.length, made, "no subscription was made");
    },
  },
  {
    id: "G10",
    title: "what is closed leaves no timer and no socket that would keep the process alive",
    everywhere: true,
    bus: (scene) =>
      watchingLeftOvers(async (left) => {
        const topic = scene.topic("traces");
        const bus = await scene.bus("main");
        const seen: unknown[] = [];
        await bus.subscribe(topic, { deadLetter: false }, (payload) => void seen.push(payload));
        await bus.publish(topic, bytesOf("1"));
        await scene.eventually("the message arrives", () => seen.length === 1);
        await scene.within("closing ends", bus.close());
        await scene.eventually("nothing that keeps the process alive is left", () => left().length === 0, left);
      }),
  },
];

interface Loop {
  readonly seen: readonly number[];
  readonly ended: Promise<void>;
}

/** Reads a stream to its end, and acknowledges everything. */
function readAll(stream: MessageStream<number>): Loop {
  const seen: number[] = [];
  const read = async (): Promise<void> => {
    for await (const { payload, message } of stream) {
      seen.push(payload);
      message.ack();
    }
  };
  return { seen, ended: read() };
}
