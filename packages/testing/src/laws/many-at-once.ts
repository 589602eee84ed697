import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import { assertEachOnce, bytesOf, numbersIn, publishNumbered, range } from "../numbered.ts";

/** B6, B7, B9 and E7: much at the same time, and things that come and go meanwhile. */
export const manyLaws: readonly Law[] = [
  {
    id: "B6",
    title: "many publish to many topics at the same time, and each subscriber has each message of its topic once",
    everywhere: true,
    bus: async (scene) => {
      const topics = range(0, 4).map((number) => scene.topic("many", String(number)));
      const consumers = await Promise.all([scene.client("consumer-1"), scene.client("consumer-2")]);
      const inboxes = await Promise.all(
        topics.map((topic, index) => (consumers[index % 2] as (typeof consumers)[0]).subscribe(topic)),
      );
      const publishers = await Promise.all(range(0, 4).map((number) => scene.client(`publisher-${number}`)));
      await Promise.all(
        publishers.flatMap((publisher, index) =>
          topics.map((topic) => publishNumbered(publisher, topic, [index * 10, index * 10 + 10])),
        ),
      );
      for (const inbox of inboxes) await scene.arrives(inbox, 40, "every message of its topic arrives");
      for (const inbox of inboxes) {
        await scene.noMoreThan(inbox, 40, "nothing arrives beside them");
        assertEachOnce(inbox, [0, 40], "each message of its topic is there once");
      }
    },
  },
  {
    id: "B7",
    title: "subscriptions that come and go at the same time do no harm to one that stays",
    everywhere: true,
    bus: async (scene) => {
      const topic = scene.topic("coming-and-going");
      const consumer = await scene.client("consumer");
      const staying = await consumer.subscribe(topic);
      const publisher = await scene.client("publisher");
      const comeAndGo = async (): Promise<void> => {
        const leaving = await consumer.subscribe(topic);
        await scene.within("the one that leaves closes", leaving.close());
      };
      await Promise.all([publishNumbered(publisher, topic, [0, 20]), ...range(0, 4).map(comeAndGo)]);
      await publishNumbered(publisher, topic, [20, 30]);
      await scene.arrives(staying, 30, "the one that stays gets every message");
      await scene.noMoreThan(staying, 30, "and none of them twice");
      assertEachOnce(staying, [0, 30], "it has each message once");
    },
  },
  {
    id: "B9",
    title: "a subscription that comes late gets what is published from then on, and the others go on",
    everywhere: true,
    bus: async (scene) => {
      const topic = scene.topic("late");
      const client = await scene.client("main");
      const early = await client.subscribe(topic);
      await publishNumbered(client, topic, [0, 5]);
      await scene.arrives(early, 5, "the first one gets what is published");
      const late = await client.subscribe(topic);
      await publishNumbered(client, topic, [5, 10]);
      await scene.arrives(early, 10, "the first one goes on");
      await scene.arrives(late, 5, "the late one gets what is published from then on");
      await scene.noMoreThan(late, 5, "and nothing from before");
      assert.deepEqual(new Set(numbersIn(late)), new Set(range(5, 10)), "that is what it gets");
    },
  },
  {
    id: "E7",
    title: "closing waits for what is being published, and none of it is lost",
    everywhere: true,
    needs: ["atLeastOnce"],
    bus: async (scene) => {
      const topic = scene.topic("in-flight");
      const inbox = await (await scene.driverClient("consumer")).subscribe(topic);
      const bus = await scene.bus("publisher");
      // Once, so that what is made for a topic that is new is made.
      await bus.publish(topic, bytesOf("0"));
      const publishing = Promise.allSettled(range(1, 101).map((number) => bus.publish(topic, bytesOf(String(number)))));
      await scene.within("closing ends", bus.close({ deadlineMs: scene.deadlineMs }));
      const failed = (await scene.within("every publish is answered", publishing)).filter(
        ({ status }) => status === "rejected",
      );
      assert.deepEqual(failed, [], "what was being published is confirmed");
      await scene.arrives(inbox, 101, "what was being published when it closed is there");
      assert.deepEqual(new Set(numbersIn(inbox)), new Set(range(0, 101)), "all of it");
    },
  },
];
