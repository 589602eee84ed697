import assert from "node:assert/strict";
import type { Delivery } from "@busbar/core/contract";
import type { Law } from "../law.ts";
import { numberIn, numbersIn, publishNumbered, range } from "../numbered.ts";
import { joinGroup } from "../scene/group-member.ts";

/** C1, C2, C5 and C6: what becomes of a message once somebody has it. */
export const settlementLaws: readonly Law[] = [
  {
    id: "C1",
    title: "what was acknowledged never comes again, also not to the next process, nor after a restart of the server",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    uses: ["restart"],
    deadlines: 6,
    both: async (scene) => {
      const [topic, group] = [scene.topic("acknowledged"), scene.group("acknowledged")];
      const before = await scene.client("member");
      const first = await before.subscribe(topic, { group });
      await publishNumbered(await scene.client("publisher"), topic, [0, 10]);
      await scene.arrives(first, 10, "every message arrives");
      await scene.within("the first process closes", before.close());
      if (!(await scene.restart())) scene.note(`only over a new process, ${scene.missing("restart")}`);
      const after = await scene.client("member");
      const second = await after.subscribe(topic, { group });
      await publishNumbered(await scene.client("later-publisher"), topic, [10, 11]);
      await scene.arrives(second, 1, "the next process gets what is published after");
      await scene.noMoreThan(second, 1, "what was acknowledged does not come again");
      assert.deepEqual(numbersIn(second), [10], "the next process gets only what is new");
    },
  },
  {
    id: "C2",
    title: "what was given back comes again",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    both: async (scene) => {
      if (scene.face === "driver" && !scene.can("releaseOne")) return;
      const topic = scene.topic("again");
      const consumer = await scene.client("consumer");
      const failed = new Set<number>();
      const handled: number[] = [];
      await consumer.subscribe(topic, { group: scene.group("again") }, (received) => {
        const number = numberIn(received);
        if (!failed.has(number) && failed.add(number)) throw new Error("once more");
        handled.push(number);
      });
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, 5]);
      await scene.eventually(
        "every message that was given back comes again",
        () => handled.length >= 5,
        () => handled,
      );
      await scene.stays(
        "and once only, when it is handled then",
        () => handled.length === 5,
        () => handled,
      );
      assert.deepEqual(new Set(handled), new Set(range(0, 5)), "each message was handled once in the end");
    },
    driver: async (scene) => {
      if (scene.can("releaseOne")) return;
      scene.note("given back with the connection, releaseOne is unsupported");
      const first = await joinGroup(scene, "member");
      await publishNumbered(await scene.driverClient("publisher"), first.topic, [0, 5]);
      await scene.eventually("every message arrives", () => first.deliveries.length === 5);
      for (const delivery of first.deliveries) delivery.settle("release");
      await scene.within("the first process closes", first.close());
      const second = await joinGroup(scene, "member");
      await scene.eventually("every message that was given back comes again", () => second.deliveries.length === 5);
    },
  },
  {
    id: "C5",
    title: "a message is settled once: the first settlement counts, and later ones do nothing",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    driver: async (scene) => {
      let acknowledging = false;
      const take = (delivery: Delivery): void => {
        if (acknowledging) delivery.settle("ack");
      };
      const first = await joinGroup(scene, "member", { maxInFlight: 2, take });
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, first.topic, [0, 4], () => ({ key: "one key" }));
      await scene.eventually("two messages are out, as there is credit for two", () => first.deliveries.length === 2);
      const [acknowledged] = first.deliveries;
      for (const outcome of ["ack", "release", "reject", "ack"] as const) acknowledged?.settle(outcome);
      await scene.eventually("settling gives credit for another message", () => first.deliveries.length >= 3);
      await scene.stays("settling four times gives credit for one", () => first.deliveries.length === 3);
      acknowledging = true;
      for (const given of first.deliveries.slice(1, 3)) {
        given.settle("release");
        given.settle("ack");
      }
      if (!scene.can("releaseOne")) await scene.within("the first process closes", first.close());
      const second = scene.can("releaseOne") ? undefined : await joinGroup(scene, "member", { take });
      const again = (): number[] => [...first.numbers().slice(3), ...(second?.numbers() ?? [])];
      await scene.eventually(
        "what was given back first comes again, and what follows it comes too",
        () => [1, 2, 3].every((number) => again().includes(number)),
        again,
      );
      await scene.stays("what was acknowledged first does not", () => !again().includes(0), again);
    },
    bus: async (scene) => {
      const topic = scene.topic("manual");
      const bus = await scene.bus("main");
      const runs: string[] = [];
      const options = { group: scene.group("manual"), settle: "manual", deadLetter: false } as const;
      await bus.subscribe(topic, options, (payload, message) => {
        runs.push(String(payload));
        if (payload === "again" && runs.filter((run) => run === "again").length === 1) {
          message.retryLater(0);
          message.ack();
        } else {
          message.ack();
          message.retryLater(0);
          message.reject("too late");
        }
      });
      await bus.publish(topic, "acknowledged");
      await bus.publish(topic, "again");
      const count = (what: string): number => runs.filter((run) => run === what).length;
      await scene.eventually(
        "what was given back first comes again",
        () => count("again") >= 2,
        () => runs,
      );
      await scene.stays(
        "what was acknowledged first does not",
        () => count("acknowledged") === 1,
        () => runs,
      );
    },
  },
  {
    id: "C6",
    title: "what is not settled when its process ends is delivered to the next one",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    driver: async (scene) => {
      const first = await joinGroup(scene, "member");
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, first.topic, [0, 5], () => ({ key: "one key" }));
      await scene.eventually("every message arrives", () => first.deliveries.length === 5);
      for (const delivery of first.deliveries.slice(0, 2)) delivery.settle("ack");
      await scene.within("the first process closes", first.close());
      const second = await joinGroup(scene, "member");
      await scene.eventually("what was not settled comes again", () => second.deliveries.length >= 3, second.numbers);
      await scene.stays("what was settled does not", () => second.deliveries.length === 3, second.numbers);
      assert.deepEqual(new Set(second.numbers()), new Set([2, 3, 4]), "it is what was not settled");
    },
    bus: async (scene) => {
      const [topic, group, never] = [scene.topic("cut-off"), scene.group("cut-off"), scene.gate()];
      const first = await scene.bus("member");
      const aborted: unknown[] = [];
      const began: unknown[] = [];
      await first.subscribe(topic, { group, deadLetter: false }, async (payload, message) => {
        message.signal.addEventListener("abort", () => aborted.push(payload));
        began.push(payload);
        await never.passed();
      });
      const publisher = await scene.bus("publisher");
      await publisher.publish(topic, "unfinished");
      await scene.eventually("the handler begins", () => began.length === 1);
      await scene.within("closing ends at its deadline", first.close({ deadlineMs: 50 }));
      assert.deepEqual(aborted, ["unfinished"], "the handler is told that it is cut off");
      const second = await scene.bus("member");
      const attempts: number[] = [];
      await second.subscribe(topic, { group, deadLetter: false }, (_, message) => void attempts.push(message.attempt));
      await scene.eventually("the next process gets it", () => attempts.length === 1);
      assert.deepEqual(attempts, [1], "being cut off is no failure and uses up no attempt");
    },
  },
];
