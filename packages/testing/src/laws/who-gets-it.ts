import assert from "node:assert/strict";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { bytesOf, numbersIn } from "../numbered.ts";

/** How long a kept last value is left behind at most, in milliseconds. */
const leftBehindMs = 60_000;

/** E12 and E13: what a publisher is told of who gets its message, and what is kept for those who come later. */
export const whoGetsItLaws: readonly Law[] = [
  {
    id: "E12",
    title: "a publish says whether anybody is subscribed, and is refused for that only where somebody was asked for",
    everywhere: false,
    needs: ["routing"],
    both: async (scene) => {
      const [topic, nobody] = [scene.topic("somebody"), scene.topic("nobody")];
      const inbox = await (await scene.client("consumer")).subscribe(topic);
      const publisher = await scene.client("publisher");
      const there = await publisher.publish(topic, bytesOf("0"));
      assert.equal(there.routed, true, "that somebody is subscribed is told");
      const alone = await publisher.publish(nobody, bytesOf("1"));
      assert.equal(alone.routed, false, "that nobody is subscribed is told, and is no failure");
      await scene.arrives(inbox, 1, "what somebody is subscribed to arrives");
    },
    bus: async (scene) => {
      const [topic, nobody] = [scene.topic("asked-for"), scene.topic("asked-for-in-vain")];
      const bus = await scene.bus("main");
      await bus.subscribe(topic, { deadLetter: false }, () => undefined);
      await assert.doesNotReject(
        scene.within("the publish is answered", bus.publish(topic, 0, { requireSubscriber: true })),
        "where a subscriber is asked for and is there, all is well",
      );
      await assert.rejects(
        scene.within("the publish is answered", bus.publish(nobody, 1, { requireSubscriber: true })),
        (error: unknown) => BusError.is(error) && error.code === "BUSBAR_NO_SUBSCRIBER",
        "where a subscriber is asked for and is not there, the publish is refused",
      );
    },
  },
  {
    id: "E13",
    title: "the last value that was to be kept comes to who subscribes later, and to those who are there as any other",
    everywhere: false,
    needs: ["retain"],
    both: async (scene) => {
      const topic = scene.topic("kept");
      const keep = { retain: true, ...(scene.can("expiry") ? { expiresInMs: leftBehindMs } : {}) };
      const publisher = await scene.client("publisher");
      const there = await (await scene.client("there")).subscribe(topic);
      await publisher.publish(topic, bytesOf("1"), keep);
      await publisher.publish(topic, bytesOf("2"), keep);
      await publisher.publish(topic, bytesOf("3"));
      await scene.arrives(there, 3, "who is there gets all of it");
      const later = await (await scene.client("later")).subscribe(topic);
      await scene.arrives(later, 1, "who comes later gets what was kept");
      await scene.noMoreThan(later, 1, "and nothing else");
      assert.deepEqual(numbersIn(later), [2], "which is the last value that was to be kept");
      await publisher.publish(topic, bytesOf("4"), keep);
      await scene.arrives(later, 2, "from then on it is there as any other");
      await scene.arrives(there, 4, "and to those who were there before");
      await scene.noMoreThan(there, 4, "and nobody gets a value twice");
    },
  },
];
