import assert from "node:assert/strict";
import type { ManualMessage } from "@busbar/core";
import type { BrokerStatus } from "@busbar/core/contract";
import type { Law } from "../law.ts";
import { ascending, range } from "../numbered.ts";
import { overLeases } from "../scene/over-leases.ts";

/** D2, D7 and D8: strictly in order, full, and paused. */
export const flowLaws: readonly Law[] = [
  {
    id: "D2",
    title: "asked for one strictly after the other, no message begins before the one before is done, retries included",
    everywhere: true,
    needs: ["atLeastOnce"],
    bus: async (scene) => {
      const topic = scene.topic("strictly");
      const bus = await scene.bus("main");
      const runs: { number: number; key: string | undefined }[] = [];
      let busy = 0;
      let most = 0;
      const retry = { attempts: 3, backoffMs: 10 };
      const options = { order: "all", retry, deadLetter: false } as const;
      await bus.subscribe<number>(topic, options, async (number, { key, attempt }) => {
        most = Math.max(most, ++busy);
        runs.push({ number, key });
        await new Promise((resolve) => void setImmediate(resolve));
        busy--;
        if (number === 7 && attempt < 3) throw new Error("once more");
      });
      await Promise.all(
        range(0, 20).map((number) => bus.publish(topic, number, { key: number % 2 === 0 ? "even" : `key-${number}` })),
      );
      const numbers = (): readonly number[] => runs.map(({ number }) => number);
      await scene.eventually("every message is handled", () => runs.length >= 22, numbers);
      assert.equal(most, 1, "there is never a second one at work");
      const first = numbers().indexOf(7);
      assert.deepEqual(numbers().slice(first, first + 3), [7, 7, 7], "the others wait for the one that is run again");
      assert.deepEqual(
        runs.filter(({ key }) => key === "even").map(({ number }) => number),
        range(0, 10).map((number) => 2 * number),
        "what is ordered at the broker is handled in that order",
      );
    },
  },
  {
    id: "D7",
    title: "a subscription that is full of what nobody settles takes up again once somebody does",
    everywhere: true,
    needs: ["atLeastOnce"],
    bus: async (scene) => {
      const topic = scene.topic("full");
      const bus = await scene.bus("main");
      const held: ManualMessage[] = [];
      const seen: number[] = [];
      let full = true;
      const options = { settle: "manual", concurrency: 5, maxInFlight: 5, deadLetter: false } as const;
      await bus.subscribe<number>(topic, options, (number, message) => {
        seen.push(number);
        if (full) held.push(message);
        else message.ack();
      });
      await Promise.all(range(0, 20).map((number) => bus.publish(topic, number)));
      await scene.eventually("as many come as there is room for", () => seen.length >= 5);
      await scene.stays("and no more while it is full", () => seen.length === 5);
      full = false;
      for (const message of held) message.ack();
      await scene.eventually(
        "the others come once there is room again",
        () => seen.length >= 20,
        () => seen,
      );
      assert.deepEqual([...seen].sort(ascending), range(0, 20), "each of them once");
    },
  },
  {
    id: "D8",
    title:
      "a subscription that is paused takes nothing, keeps its session, and goes on where it was when it is resumed",
    everywhere: true,
    needs: ["atLeastOnce"],
    uses: ["lease"],
    deadlines: 6,
    bus: async (scene) => {
      const topic = scene.topic("paused");
      const broker = await scene.unopened("main", { leaseMs: scene.leaseMs });
      const lost: BrokerStatus[] = [];
      broker.onStatus((status) => {
        if (status.type === "position-lost" || (status.type === "subscription" && !status.connected)) lost.push(status);
      });
      const bus = await scene.busOver(broker, "main");
      const seen: number[] = [];
      const subscription = await bus.subscribe<number>(
        topic,
        { deadLetter: false },
        (number) => void seen.push(number),
      );
      await bus.publish(topic, 0);
      await scene.eventually("the first message is handled", () => seen.length === 1);
      subscription.pause();
      assert.equal(subscription.health().state, "paused", "it says that it is paused");
      for (const number of range(1, 6)) await bus.publish(topic, number);
      await overLeases(
        scene,
        "nothing is handled while it is paused",
        () => seen.length === 1,
        () => seen,
      );
      assert.deepEqual(lost, [], "its session goes on while it is paused");
      subscription.resume();
      await scene.eventually(
        "what came meanwhile is handled when it is resumed",
        () => seen.length >= 6,
        () => seen,
      );
      assert.deepEqual([...seen].sort(ascending), range(0, 6), "each message once");
    },
  },
];
