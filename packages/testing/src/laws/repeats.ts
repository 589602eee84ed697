import assert from "node:assert/strict";
import type { Delivery } from "@busbar/core/contract";
import type { Law } from "../law.ts";
import { publishNumbered, range } from "../numbered.ts";
import { joinGroup } from "../scene/group-member.ts";
import type { Scene } from "../scene/scene.ts";

/** C4, C8 and C13: messages that are handed out or run again. */
export const repeatLaws: readonly Law[] = [
  {
    id: "C4",
    title: "however many messages are given back at the same time, each is handled in the end",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    driver: async (scene) => {
      if (!scene.can("releaseOne")) return allGivenBackWithTheirConnection(scene);
      const times = new Map<number, number>();
      const handled: number[] = [];
      const member = await joinGroup(scene, "member", {
        take: (delivery, number) => {
          const time = (times.get(number) ?? 0) + 1;
          times.set(number, time);
          if (time < 3) return delivery.settle("release");
          handled.push(number);
          delivery.settle("ack");
        },
      });
      await publishNumbered(await scene.driverClient("publisher"), member.topic, [0, 20]);
      const seen = (): unknown => [...times];
      await scene.eventually("every message that was given back twice comes again", () => handled.length >= 20, seen);
      await scene.stays("and then no more", () => handled.length === 20, seen);
      assert.deepEqual(new Set(handled), new Set(range(0, 20)), "each is handled once");
    },
    bus: async (scene) => {
      const topic = scene.topic("storm");
      const bus = await scene.bus("main");
      const attempts: number[][] = range(0, 100).map(() => []);
      const all = scene.gate();
      let begun = 0;
      const retry = { attempts: 3, backoffMs: 1, jitter: 0 };
      const options = { group: scene.group("storm"), concurrency: 100, retry, deadLetter: false } as const;
      await bus.subscribe<number>(topic, options, async (number, { attempt }) => {
        attempts[number]?.push(attempt);
        if (++begun === 100) all.open();
        await all.passed();
        if (attempt < 3) throw new Error("once more");
      });
      await Promise.all(range(0, 100).map((number) => bus.publish(topic, number)));
      await scene.eventually(
        "every message is at work at the same time",
        () => all.isOpen,
        () => begun,
      );
      const runs = (): number => attempts.flat().length;
      await scene.eventually("every message that failed twice is handled", () => runs() >= 300, runs);
      await scene.stays("and then no more", () => runs() === 300, runs);
      assert.deepEqual(
        attempts,
        range(0, 100).map(() => [1, 2, 3]),
        "each has the attempts that it needs",
      );
    },
  },
  {
    id: "C8",
    title: "a broker that counts deliveries counts them from one, and says which are not the first",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce", "releaseOne", "deliveryCount"],
    driver: async (scene) => {
      const seen: Pick<Delivery, "deliveries" | "redelivered">[] = [];
      const member = await joinGroup(scene, "member", {
        take: (delivery) => {
          seen.push({ deliveries: delivery.deliveries, redelivered: delivery.redelivered });
          delivery.settle(seen.length < 3 ? "release" : "ack");
        },
      });
      await publishNumbered(await scene.driverClient("publisher"), member.topic, [0, 1]);
      await scene.eventually("what is given back comes again", () => seen.length >= 3);
      assert.deepEqual(
        seen,
        [
          { deliveries: 1, redelivered: false },
          { deliveries: 2, redelivered: true },
          { deliveries: 3, redelivered: true },
        ],
        "each delivery says which one it is",
      );
    },
  },
  {
    id: "C13",
    title: "each run of a handler sees headers and JSON as they were sent, whatever the run before has done to them",
    everywhere: true,
    needs: ["headers"],
    bus: async (scene) => {
      const topic = scene.topic("edited");
      const bus = await scene.bus("main");
      const runs: unknown[] = [];
      const options = { retry: { attempts: 3, backoffMs: 1 }, deadLetter: false } as const;
      await bus.subscribe<{ list: number[] }>(topic, options, (payload, { headers }) => {
        runs.push({ list: [...payload.list], headers: { ...headers } });
        payload.list.push(3);
        Object.assign(headers, { one: "changed", another: "2" });
        if (runs.length < 3) throw new Error("once more");
      });
      await bus.publish(topic, { list: [1, 2] }, { headers: { one: "1" } });
      await scene.eventually("the handler runs three times", () => runs.length === 3);
      const sent = { list: [1, 2], headers: { one: "1" } };
      assert.deepEqual(runs, [sent, sent, sent], "each run sees what was sent");
    },
  },
];

/** Each process gives everything back as it ends, as a broker needs it that takes no single message back. */
async function allGivenBackWithTheirConnection(scene: Scene): Promise<void> {
  scene.note("given back with the connection, releaseOne is unsupported");
  const publisher = await scene.driverClient("publisher");
  for (const life of [1, 2]) {
    const member = await joinGroup(scene, "member");
    if (life === 1) await publishNumbered(publisher, member.topic, [0, 20]);
    await scene.eventually("every message that was given back comes again", () => member.deliveries.length >= 20);
    for (const delivery of member.deliveries) delivery.settle("release");
    await scene.within("the process closes", member.close());
  }
  const last = await joinGroup(scene, "member", { take: (delivery) => delivery.settle("ack") });
  await scene.eventually("and is handled in the end", () => last.deliveries.length >= 20, last.numbers);
  await scene.stays("each once", () => last.deliveries.length === 20, last.numbers);
  assert.deepEqual(new Set(last.numbers()), new Set(range(0, 20)), "none is missing");
}
