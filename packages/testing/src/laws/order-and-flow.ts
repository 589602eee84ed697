import assert from "node:assert/strict";
import type { Gate } from "../gate.ts";
import type { Law } from "../law.ts";
import { bytesOf, publishNumbered, range, textOf } from "../numbered.ts";
import type { Client, Inbox } from "../scene/client.ts";
import type { Scene } from "../scene/scene.ts";

/** D1, D3, D4 and D5: in which order messages are handled, and how many at once. */
export const orderLaws: readonly Law[] = [
  {
    id: "D1",
    title: "messages of one key are handled in the order in which they were published, whatever the other keys do",
    everywhere: true,
    deadlines: 6,
    both: async (scene) => {
      const [keys, each] = [16, 64];
      const topic = scene.topic("ordered");
      const consumer = await scene.client("consumer");
      const finished: string[] = [];
      const inbox = await consumer.subscribe(topic, { atOnce: 64 }, async ({ body }) => {
        if (scene.face === "bus") await turns(unevenly(finished.length));
        finished.push(textOf(body));
      });
      const publisher = await scene.client("publisher");
      await publishByKey(publisher, topic, keys, each);
      await scene.arrives(inbox, keys * each, "every message arrives");
      await scene.eventually(
        "every message is handled",
        () => finished.length >= keys * each,
        () => finished.length,
      );
      for (const key of range(0, keys)) {
        const ofKey = finished.filter((text) => text.startsWith(`${key}:`)).map((text) => Number(text.split(":")[1]));
        assert.deepEqual(ofKey, range(0, each), `key ${key} is handled in order, each message once`);
      }
    },
  },
  {
    id: "D3",
    title: "a message that is run again keeps its place among those of its key",
    everywhere: true,
    needs: ["atLeastOnce"],
    bus: async (scene) => {
      const topic = scene.topic("again");
      const bus = await scene.bus("main");
      const handled: unknown[] = [];
      let runs = 0;
      const options = { concurrency: 8, retry: { attempts: 3, backoffMs: 20 }, deadLetter: false } as const;
      await bus.subscribe(topic, options, (payload, message) => {
        if (message.key === "other") return;
        runs++;
        if (payload === 3 && message.attempt < 3) throw new Error("once more");
        handled.push(payload);
      });
      const keyed = range(0, 10).map((number) => bus.publish(topic, number, { key: "one key" }));
      await Promise.all([...keyed, ...range(0, 10).map((number) => bus.publish(topic, number, { key: "other" }))]);
      await scene.eventually(
        "every message is handled",
        () => handled.length === 10,
        () => handled,
      );
      assert.deepEqual(handled, range(0, 10), "those behind it wait for it");
      assert.equal(runs, 12, "the one that failed twice runs three times, the others once");
    },
  },
  {
    id: "D4",
    title: "up to as many messages are in the works as was asked for, and never one more",
    everywhere: true,
    both: async (scene) => {
      const flow = await openFlow(scene, 4, 12);
      await scene.eventually("four are in the works", () => flow.busy() >= 4, flow.busy);
      await scene.stays("there is no fifth", () => flow.busy() === 4, flow.busy);
      for (const finished of range(1, 4)) {
        flow.finishOldest();
        await scene.eventually("when one is done, the next begins", () => flow.begun() >= 4 + finished, flow.begun);
        await scene.stays("and only one", () => flow.begun() === 4 + finished, flow.begun);
      }
      flow.finishAll();
      await scene.arrives(flow.inbox, 12, "all are handled in the end");
      assert.equal(flow.most(), 4, "there were never more than four in the works");
    },
  },
  {
    id: "D5",
    title: "asked for one at a time, the next message waits until the one before is done",
    everywhere: true,
    both: async (scene) => {
      const flow = await openFlow(scene, 1, 4);
      for (const count of range(1, 5)) {
        await scene.eventually("the next one begins", () => flow.begun() >= count, flow.begun);
        await scene.stays("the one after it waits", () => flow.begun() === count, flow.begun);
        flow.finishOldest();
      }
      assert.equal(flow.most(), 1, "there were never two in the works");
    },
  },
];

interface Flow {
  readonly inbox: Inbox;
  readonly busy: () => number;
  readonly begun: () => number;
  readonly most: () => number;
  finishOldest(): void;
  /** What is in the works, and what comes after. */
  finishAll(): void;
}

/** A consumer that is full until the law lets a handler end. */
async function openFlow(scene: Scene, atOnce: number, count: number): Promise<Flow> {
  const topic = scene.topic("flow", String(atOnce));
  const consumer = await scene.client("consumer");
  const inTheWorks: Gate[] = [];
  const done = scene.gate();
  let begun = 0;
  let busy = 0;
  let most = 0;
  const inbox = await consumer.subscribe(topic, { atOnce }, async () => {
    const gate = scene.gate();
    inTheWorks.push(gate);
    begun++;
    most = Math.max(most, ++busy);
    await Promise.race([gate.passed(), done.passed()]);
    busy--;
  });
  await publishNumbered(await scene.client("publisher"), topic, [0, count]);
  return {
    inbox,
    busy: () => busy,
    begun: () => begun,
    most: () => most,
    finishOldest: () => inTheWorks.shift()?.open(),
    finishAll: () => done.open(),
  };
}

/** Publishes `key:0`, `key:1` … for each key, the keys mixed, without waiting in between. */
async function publishByKey(publisher: Client, topic: string, keys: number, each: number): Promise<void> {
  const publishes: Promise<unknown>[] = [];
  for (const number of range(0, each))
    for (const key of range(0, keys))
      publishes.push(publisher.publish(topic, bytesOf(`${key}:${number}`), { key: `key-${key}` }));
  await Promise.all(publishes);
}

/** From 0 to 6, so that handlers of neighbouring messages take unequally long, and differently in no run. */
function unevenly(index: number): number {
  return (index * 5) % 7;
}

/** Resolves after this many turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => void setImmediate(resolve));
}
