import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import { assertEachOnce, numbersIn, publishNumbered, range } from "../numbered.ts";
import { joinGroup } from "../scene/group-member.ts";
import { subscribeRequest } from "../scene/records.ts";
import type { Scene } from "../scene/scene.ts";

/** G1, G2, G4, G5 and G7: opening, stopping, closing. */
export const lifecycleLaws: readonly Law[] = [
  {
    id: "G2",
    title: "opening, stopping and closing can be called twice, and in the wrong order, without harm",
    everywhere: true,
    deadlines: 8,
    driver: async (scene) => {
      const never = await scene.unopened("never-opened");
      await harmless(scene, "closing what was never opened", never.close());
      const broker = await scene.broker("main");
      const request = subscribeRequest(scene.member("main"), scene.topic("twice"));
      const subscriber = await broker.subscribe(request, () => undefined);
      for (const call of ["stop", "stop", "flush", "close", "stop", "close", "flush"] as const)
        await harmless(scene, `${call}()`, subscriber[call]());
      await harmless(scene, "closing twice at the same time", Promise.all([broker.close(), broker.close()]));
      await harmless(scene, "closing once more", broker.close());
    },
    bus: async (scene) => {
      const bus = await scene.bus("main");
      const subscription = await bus.subscribe(scene.topic("twice"), { deadLetter: false }, () => undefined);
      await harmless(scene, "closing a subscription", subscription.close());
      await harmless(scene, "closing it again", subscription.close());
      await harmless(scene, "closing twice at the same time", Promise.all([bus.close(), bus.close()]));
      await harmless(scene, "closing once more", bus.close());
    },
  },
  {
    id: "G4",
    title: "a signal ends a subscription, and what comes then is kept for the next one",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    bus: async (scene) => {
      const [topic, group] = [scene.topic("signal"), scene.group("signal")];
      const bus = await scene.bus("main");
      const caller = new AbortController();
      const first: unknown[] = [];
      const gate = scene.gate();
      let begun = 0;
      const options = { group, deadLetter: false } as const;
      await bus.subscribe(topic, { ...options, signal: caller.signal }, async (payload) => {
        begun++;
        await gate.passed();
        first.push(payload);
      });
      await bus.publish(topic, 1);
      await scene.eventually("a handler is at work", () => begun === 1);
      caller.abort();
      await scene.stays("the signal does not cut off what is at work", () =>
        scene.ledger.entries.some(({ state }) => state === "running"),
      );
      gate.open();
      await scene.eventually("what came before the signal is handled", () => first.length === 1);
      await scene.eventually("the signal ends the subscription", () =>
        scene.ledger.entries.every(({ state }) => state !== "running"),
      );
      await bus.publish(topic, 2);
      const second: unknown[] = [];
      await bus.subscribe(topic, options, (payload) => void second.push(payload));
      await scene.eventually("what comes after it is kept for the next subscription", () => second.length > 0);
      await scene.stays(
        "and nothing is handled twice",
        () => second.length === 1,
        () => second,
      );
      assert.deepEqual([...first, ...second], [1, 2], "each message is handled once");
    },
  },
  {
    id: "G5",
    title: "stopping lets what is in the works end, acknowledges it, and takes nothing new",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    driver: async (scene) => {
      const first = await joinGroup(scene, "member", { maxInFlight: 3 });
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, first.topic, [0, 5], () => ({ key: "one key" }));
      await scene.eventually("three messages are out", () => first.deliveries.length === 3);
      await scene.within("stopping ends while messages are out", first.stop());
      for (const delivery of first.deliveries) delivery.settle("ack");
      await scene.stays(
        "nothing is handed out after stop, though there is credit",
        () => first.deliveries.length === 3,
      );
      await scene.within("closing ends", first.close());
      const second = await joinGroup(scene, "member");
      await scene.eventually("what was not handed out is there for the next", () => second.deliveries.length >= 2);
      await scene.stays(
        "what was acknowledged while stopping is not",
        () => second.deliveries.length === 2,
        second.numbers,
      );
      const taken = first.numbers();
      assert.deepEqual(
        new Set(second.numbers()),
        new Set(range(0, 5).filter((number) => !taken.includes(number))),
        "the next process gets what the first had not taken",
      );
    },
    bus: async (scene) => {
      const [topic, group, gate] = [scene.topic("drain"), scene.group("drain"), scene.gate()];
      const bus = await scene.bus("member");
      const began: unknown[] = [];
      const ended: unknown[] = [];
      const options = { group, concurrency: 1, deadLetter: false } as const;
      await bus.subscribe(topic, options, async (payload) => {
        began.push(payload);
        await gate.passed();
        ended.push(payload);
      });
      const publisher = await scene.bus("publisher");
      for (const payload of [1, 2, 3]) await publisher.publish(topic, payload, { key: "one key" });
      await scene.eventually("the first handler is at work", () => began.length === 1);
      let closed = false;
      const closing = bus.close({ deadlineMs: scene.deadlineMs }).then(() => void (closed = true));
      await scene.stays("closing waits for the handler, and begins no other", () => !closed && began.length === 1);
      gate.open();
      await scene.within("closing ends once the handler has", closing);
      assert.deepEqual([began, ended], [[1], [1]], "the handler ended, and no other was begun");
      const next = await scene.bus("member");
      const handled: unknown[] = [];
      await next.subscribe(topic, options, (payload) => void handled.push(payload));
      await scene.eventually(
        "what was not begun is there for the next process",
        () => handled.length >= 2,
        () => handled,
      );
      await scene.stays(
        "what was handled while closing is not",
        () => handled.length === 2,
        () => handled,
      );
      assert.deepEqual(new Set(handled), new Set([2, 3]), "the next process gets what the first had not begun");
    },
  },
  {
    id: "G7",
    title: "a subscription that was closed and is opened again gets what came between",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    both: async (scene) => {
      const [topic, group] = [scene.topic("between"), scene.group("between")];
      const consumer = await scene.client("consumer");
      const publisher = await scene.client("publisher");
      const first = await consumer.subscribe(topic, { group });
      await publishNumbered(publisher, topic, [0, 3]);
      await scene.arrives(first, 3, "what is published while it is open arrives");
      await scene.within("the subscription closes", first.close());
      await publishNumbered(publisher, topic, [3, 8]);
      const second = await consumer.subscribe(topic, { group });
      await publishNumbered(publisher, topic, [8, 10]);
      await scene.arrives(second, 7, "what came between arrives, and what comes after too");
      await scene.noMoreThan(second, 7, "nothing arrives twice");
      assertEachOnce(second, [3, 10], "the second time it gets what it has not had");
      assert.equal(numbersIn(first).length, 3, "a closed subscription gets nothing");
    },
  },
];

/** Fails when the work does not end, or rejects. */
async function harmless(scene: Scene, what: string, work: Promise<unknown>): Promise<void> {
  await assert.doesNotReject(scene.within(`${what} ends`, work), `${what} is harmless`);
}
