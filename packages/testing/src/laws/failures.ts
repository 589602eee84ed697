import assert from "node:assert/strict";
import { Reject } from "@busbar/core";
import type { Law } from "../law.ts";
import { bytesOf, publishNumbered, range, textOf } from "../numbered.ts";
import { theDeadLetter } from "../scene/dead-letters.ts";
import { joinGroup } from "../scene/group-member.ts";
import { record } from "../scene/records.ts";
import type { Scene } from "../scene/scene.ts";

/** C3, C9, C14 and C15: what a message does that cannot be handled, and what it does not do to others. */
export const failureLaws: readonly Law[] = [
  {
    id: "C3",
    title: "a handler that throws is run again with growing waits, as often as the policy says and no more",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters"],
    bus: async (scene) => {
      const [topic, group] = [scene.topic("throws"), scene.group("throws")];
      const bus = await scene.bus("main");
      const runs: { attempt: number; at: number }[] = [];
      const retry = { attempts: 4, backoffMs: 40, factor: 2, jitter: 0 };
      await bus.subscribe(topic, { group, retry }, (_, message) => {
        runs.push({ attempt: message.attempt, at: Date.now() });
        throw new Error("never works");
      });
      await bus.publish(topic, 1);
      const letter = await theDeadLetter(scene, bus, group);
      assert.equal(letter.attempts, 4, "the dead letter counts the attempts");
      assert.equal(letter.reason, "attempts-exhausted", "and says that there were no more");
      await scene.stays(
        "after the last attempt there is none",
        () => runs.length === 4,
        () => runs,
      );
      assert.deepEqual(
        runs.map(({ attempt }) => attempt),
        [1, 2, 3, 4],
        "each run says which attempt it is",
      );
      const waits = runs.slice(1).map(({ at }, index) => at - (runs[index]?.at ?? 0));
      // Clocks and timers may differ by a millisecond each; a wait that is left out is off by forty and more.
      for (const [index, atLeast] of [40, 80, 160].entries())
        assert.ok(
          (waits[index] ?? 0) >= atLeast - 3,
          `wait ${index + 1} is at least ${atLeast} ms, not ${waits[index]}`,
        );
    },
  },
  {
    id: "C9",
    title: "what was rejected never comes again, and is a dead letter with its own bytes where one is wanted",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    driver: async (scene) => {
      const first = await joinGroup(scene, "member");
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, first.topic, [0, 3]);
      await scene.eventually("every message arrives", () => first.deliveries.length === 3);
      for (const delivery of first.deliveries) delivery.settle("reject");
      await scene.stays("a rejected message does not come again", () => first.deliveries.length === 3, first.numbers);
      await scene.within("the first process closes", first.close());
      const second = await joinGroup(scene, "member");
      await publishNumbered(publisher, first.topic, [3, 4]);
      await scene.eventually("the next process gets what is new", () => second.deliveries.length >= 1);
      await scene.stays("and nothing that was rejected", () => second.deliveries.length === 1, second.numbers);
      assert.deepEqual(second.numbers(), [3]);
    },
    bus: async (scene) => {
      await rejectedForGood(scene);
      if (!scene.can("deadLetters"))
        return scene.note("without a look at the dead letters, deadLetters is unsupported");
      const [topic, group] = [scene.topic("rejected"), scene.group("rejected")];
      const bus = await scene.bus("main");
      const runs: unknown[] = [];
      await bus.subscribe(topic, { group }, (payload) => {
        runs.push(payload);
        throw new Reject("cannot be used");
      });
      await bus.publish(topic, { n: 1 }, { headers: { one: "1" }, key: "k" });
      const letter = await theDeadLetter(scene, bus, group);
      assert.equal(textOf(letter.body), '{"n":1}', "the dead letter has the original bytes");
      assert.deepEqual(
        { topic: letter.topic, key: letter.key, one: letter.headers["one"], attempts: letter.attempts },
        { topic, key: "k", one: "1", attempts: 1 },
        "and says where it came from",
      );
      assert.equal(letter.reason, "rejected", "and why it is one");
      assert.match(letter.error, /cannot be used/, "in the handler's own words");
      await scene.stays("a rejected message is not handled again", () => runs.length === 1);
    },
  },
  {
    id: "C14",
    title: "bytes that cannot be decoded become a dead letter at once, and the consumer goes on",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters"],
    bus: async (scene) => {
      const [topic, group] = [scene.topic("undecodable"), scene.group("undecodable")];
      const bus = await scene.bus("main");
      const handled: unknown[] = [];
      await bus.subscribe(topic, { group }, (payload) => void handled.push(payload));
      const foreign = await scene.broker("foreign");
      const bad = record(topic, bytesOf('{"half": '), { contentType: "application/json" });
      await foreign.publish(bad);
      await bus.publish(topic, "good");
      await scene.eventually("the consumer goes on with what follows", () => handled.includes("good"));
      const letter = await theDeadLetter(scene, bus, group);
      assert.equal(textOf(letter.body), '{"half": ', "the dead letter has the bytes that nobody could read");
      assert.equal(letter.reason, "undecodable", "and says that nobody could");
      const handedOut = (): number =>
        scene.ledger.entries.flatMap((entry) => entry.handedOut).filter((id) => id === bad.id).length;
      await scene.stays("it is handed out once, not over and over", () => handedOut() === 1, handedOut);
      assert.deepEqual(handled, ["good"], "no handler ever sees it");
    },
  },
  {
    id: "C15",
    title: "one message that cannot be handled does not hold up the hundred others",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    driver: async (scene) => {
      let left: number | undefined;
      const member = await joinGroup(scene, "member", {
        maxInFlight: 10,
        take: (delivery, number) => {
          left ??= number;
          if (number !== left) delivery.settle("ack");
        },
      });
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, member.topic, [0, 100]);
      const got = (): Set<number> => new Set(member.numbers());
      await scene.eventually(
        "all others come while one is unsettled",
        () => got().size === 100,
        () => got().size,
      );
    },
    bus: async (scene) => {
      const topic = scene.topic("poison");
      const bus = await scene.bus("main");
      const handled = new Set<number>();
      let runsOfThePoison = 0;
      const retry = { attempts: 3, backoffMs: 600_000, maxBackoffMs: 600_000 };
      const options = { group: scene.group("poison"), concurrency: 1, retry, deadLetter: false } as const;
      await bus.subscribe(topic, options, (payload) => {
        if (payload !== 10) return handled.add(payload as number);
        runsOfThePoison++;
        throw new Error("never works");
      });
      await Promise.all(range(0, 101).map((number) => bus.publish(topic, number, { key: `key-${number % 50}` })));
      // 60 has the key of the poison, 10, and waits behind it: in order is in order.
      const others = range(0, 101).filter((number) => number % 50 !== 10);
      await scene.eventually(
        "all others are handled while the poison waits for its second attempt",
        () => others.every((number) => handled.has(number)),
        () => `${handled.size} handled`,
      );
      await scene.stays(
        "the poison has run once, and its key waits behind it",
        () => runsOfThePoison === 1 && !handled.has(60),
      );
    },
  },
];

/** Holds when what a handler rejects does not come again where no dead letter is wanted, neither at once nor to the next process. */
async function rejectedForGood(scene: Scene): Promise<void> {
  const topic = scene.topic("discarded");
  const options = { group: scene.group("discarded"), deadLetter: false } as const;
  const first = await scene.bus("member");
  const runs: unknown[] = [];
  await first.subscribe(topic, options, (payload) => {
    runs.push(payload);
    throw new Reject("cannot be used");
  });
  const publisher = await scene.bus("publisher");
  await publisher.publish(topic, 1);
  await scene.eventually("the handler sees it", () => runs.length > 0);
  await scene.stays("and what it rejects is not handled again", () => runs.length === 1);
  await scene.within("the first process closes", first.close());
  const second = await scene.bus("member");
  const next: unknown[] = [];
  await second.subscribe(topic, options, (payload) => void next.push(payload));
  await publisher.publish(topic, 2);
  await scene.eventually("the next process gets what is new", () => next.includes(2));
  await scene.stays(
    "and nothing that was rejected",
    () => next.length === 1,
    () => next,
  );
}
