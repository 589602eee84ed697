import assert from "node:assert/strict";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { bytesOf, numbersIn, publishNumbered } from "../numbered.ts";
import type { Client, Inbox } from "../scene/client.ts";
import type { Scene } from "../scene/scene.ts";

/** E5: what becomes of a topic, and of a subscription, that nobody has made. */
export const missingTopicLaws: readonly Law[] = [
  {
    id: "E5",
    title:
      "who only checks is told that a topic or a subscription is not there, as often as it asks, and who may create makes it",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 8,
    both: async (scene) => {
      // A first token of its own: some brokers keep all topics under one token in one place.
      const topic = `${scene.member("nowhere")}.topic`;
      const group = scene.group("nobody");
      // One process that is set up in three ways, one after the other: some brokers know the members of a group for good.
      const checking = await scene.client("member", { topology: "check" });
      const before = await askTwice(scene, checking, topic, group);
      if (before.published && before.inbox !== undefined) {
        scene.note("there is nothing to make: what is published to a new topic arrives");
        await scene.arrives(before.inbox, 2, "where nothing needs to be made, what is confirmed arrives");
      }
      await scene.within("the process that only checks closes", checking.close());

      const creating = await scene.client("member", { topology: "create" });
      const made = await held(scene, "a subscription of who may create", creating.subscribe(topic, { group }));
      await held(scene, "a publish of who may create", creating.publish(topic, bytesOf("10")));
      await scene.eventually("what is published to a topic that was made arrives", () => numbersIn(made).includes(10));
      await scene.within("the process that may create closes", creating.close());

      const later = await scene.client("member", { topology: "check" });
      const found = await held(scene, "a subscription to what is there now", later.subscribe(topic, { group }));
      await held(scene, "a publish to what is there now", publishNumbered(later, topic, [11, 12]));
      await scene.eventually("who checks works with what is there now", () => numbersIn(found).includes(11));
    },
  },
];

/** Publishes and subscribes twice: where the answer differs, the question has made what it asked for. */
async function askTwice(
  scene: Scene,
  client: Client,
  topic: string,
  group: string,
): Promise<{ readonly published: boolean; readonly inbox: Inbox | undefined }> {
  const inbox = await there(scene, "subscribing", client.subscribe(topic, { group }));
  if (inbox === undefined) {
    const again = await there(scene, "subscribing once more", client.subscribe(topic, { group }));
    assert.equal(again, undefined, "checking a subscription does not make it");
  }
  const receipts: unknown[] = [];
  for (const [index, what] of ["publishing", "publishing once more"].entries())
    receipts.push(await there(scene, what, client.publish(topic, bytesOf(String(index)))));
  const [first, second] = receipts.map((receipt) => receipt !== undefined);
  assert.equal(first, second, "checking a topic does not make it");
  return { published: first === true, inbox };
}

/** Resolves to what the work gives, or to nothing where it says that something is not there; any other error fails. */
async function there<T>(scene: Scene, what: string, work: Promise<T>): Promise<T | undefined> {
  return scene.within(`${what} is answered`, work).catch((error: unknown) => {
    const notFound = BusError.is(error) && error.code === "BUSBAR_NOT_FOUND" && !error.retryable;
    assert.ok(notFound, `${what}: that it is not there is a typed error, not ${String(error)}`);
    return undefined;
  });
}

async function held<T>(scene: Scene, what: string, work: Promise<T>): Promise<T> {
  return scene
    .within(`${what} is answered`, work)
    .catch((error: unknown) => assert.fail(`${what} is no error, but ${String(error)}`));
}
