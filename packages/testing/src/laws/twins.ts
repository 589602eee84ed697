import assert from "node:assert/strict";
import type { Subscription } from "@busbar/core";
import type { Law } from "../law.ts";
import { assertEachOnce, publishNumbered } from "../numbered.ts";
import type { Client } from "../scene/client.ts";
import type { Scene } from "../scene/scene.ts";

/** G12 and G13: what becomes of a subscription that nobody wants any more, and of processes that are set up alike. */
export const twinLaws: readonly Law[] = [
  {
    id: "G12",
    title:
      "a durable subscription that is forgotten is gone with all that was kept for it, and no other; forgetting what is not there does no harm",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 8,
    bus: async (scene) => {
      const topic = scene.topic("forgotten");
      const [gone, removed, kept] = [scene.group("gone"), scene.group("removed"), scene.group("kept")];
      const bus = await scene.bus("member");
      const seen = new Map<string, number[]>([
        [gone, []],
        [removed, []],
        [kept, []],
      ]);
      const seenBy = (group: string): readonly number[] => seen.get(group) ?? [];
      const join = (group: string): Promise<Subscription> =>
        bus.subscribe<number>(topic, { group, deadLetter: false }, (number) => void seen.get(group)?.push(number));
      const leaving = await join(removed);
      const subscriptions = [leaving, await join(gone), await join(kept)];
      await bus.publish(topic, 0);
      await scene.eventually("each group gets what is published", () =>
        [gone, removed, kept].every((group) => seenBy(group).length === 1),
      );
      for (const subscription of subscriptions) await subscription.close();
      for (const number of [1, 2, 3]) await bus.publish(topic, number);

      const forget = (group: string, by = bus): Promise<void> =>
        scene
          .within("forgetting ends", by.forget({ group, filter: topic }))
          .catch((error: unknown) => assert.fail(`forgetting is no error, but ${String(error)}`));
      await forget(gone);
      await forget(gone);
      await forget(scene.group("never-there"));
      await forget(scene.group("never-there"), await scene.bus("checking", { topology: "check" }));
      await scene
        .within("removing what was closed ends", leaving.remove())
        .catch((error: unknown) => assert.fail(`removing what was closed is no error, but ${String(error)}`));
      await bus.publish(topic, 4);
      for (const group of [gone, removed, kept]) await join(group);
      await bus.publish(topic, 5);
      await scene.eventually("a group that is made anew gets what is published from then on", () =>
        [gone, removed].every((group) => seenBy(group).includes(5)),
      );
      await scene.eventually(
        "the other group gets all that was kept for it",
        () => new Set(seenBy(kept)).size === 6,
        () => seenBy(kept),
      );
      await scene.stays(
        "what was kept for a group that is forgotten does not come",
        () => seenBy(gone).length === 2,
        () => seenBy(gone),
      );
      assert.deepEqual(seenBy(removed), [0, 5], "nor does what was kept for one that was removed after it was closed");
    },
  },
  {
    id: "G13",
    title: "processes that are made from the same options work side by side, and none throws out another",
    everywhere: true,
    both: async (scene) => {
      const topic = scene.topic("twins");
      const lost: string[] = [];
      const twins = [await twin(scene, lost), await twin(scene, lost)] as const;
      const inboxes = [await twins[0].subscribe(topic), await twins[1].subscribe(topic)];
      await Promise.all([publishNumbered(twins[0], topic, [0, 10]), publishNumbered(twins[1], topic, [10, 20])]);
      for (const inbox of inboxes) await scene.arrives(inbox, 20, "each gets what either publishes");
      await scene.stays(
        "neither loses its connection to the other",
        () => lost.length === 0,
        () => lost,
      );
      for (const inbox of inboxes) assertEachOnce(inbox, [0, 20], "each has each message once");
      await scene.within("one of them closes", twins[0].close());
      await publishNumbered(twins[1], topic, [20, 22]);
      const [, staying] = inboxes;
      if (staying !== undefined) await scene.arrives(staying, 22, "and the other goes on");
    },
  },
];

/** One of several processes of the same name and the same options, with every connection that it loses written down. */
async function twin(scene: Scene, lost: string[]): Promise<Client> {
  const broker = await scene.unopened("twin");
  broker.onStatus((status) => {
    if (status.type === "disconnected" || status.type === "fatal") lost.push(status.type);
    if (status.type === "subscription" && !status.connected) lost.push(`subscription ${status.name}`);
  });
  return scene.clientOn(broker, "twin");
}
