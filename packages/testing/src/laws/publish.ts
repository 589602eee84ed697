import assert from "node:assert/strict";
import type { Receipt } from "@busbar/core/contract";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { assertEachOnce, bytesOf, numbersIn, publishNumbered, range } from "../numbered.ts";
import type { Inbox } from "../scene/client.ts";
import { record } from "../scene/records.ts";
import type { Scene } from "../scene/scene.ts";

/** E1, E2, E3 and E6: what a publish promises, and when. */
export const publishLaws: readonly Law[] = [
  {
    id: "E1",
    title:
      "a publish resolves only when the broker has confirmed it, and what was confirmed is there whatever becomes of the publisher",
    everywhere: true,
    needs: ["atLeastOnce"],
    uses: ["link"],
    deadlines: 6,
    both: async (scene) => {
      const topic = scene.topic("confirmed");
      const consumer = await scene.client("consumer");
      const inbox = await consumer.subscribe(topic);
      if (scene.hasLink) return confirmsOverALink(scene, topic, inbox);
      scene.note("only that confirmed messages are there, the harness has no link to hold the confirms on");
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, 50]);
      await scene.arrives(inbox, 50, "what was confirmed is there");
      assertEachOnce(inbox, [0, 50], "each confirmed message is there once");
    },
    driver: async (scene) => {
      // More than what clients write before they say that their buffer is full, which is no failure.
      const [topic, count] = [scene.topic("burst"), 2_000];
      const inbox = await (await scene.client("burst-consumer")).subscribe(topic, { atOnce: 256 });
      const publishing = publishNumbered(await scene.client("burst-publisher"), topic, [0, count]);
      await scene.within("all of a burst is confirmed", publishing).catch(isNoFailure);
      await scene.arrives(inbox, count, "all of a burst is there");
      assertEachOnce(inbox, [0, count], "each message of a burst is there once");
    },
  },
  {
    id: "E2",
    title: "publishing several at once gives a result for each in their order, and one that fails fails alone",
    everywhere: true,
    driver: async (scene) => {
      const topic = scene.topic("several");
      const broker = await scene.broker("publisher");
      const inbox = await (await scene.client("consumer")).subscribe(topic);
      const records = range(0, 10).map((number) => record(topic, bytesOf(String(number))));
      const receipts = await Promise.all(records.map((each) => broker.publish(each)));
      assert.deepEqual(
        receipts.map(({ id }) => id),
        records.map(({ id }) => id),
        "each receipt is that of its own record",
      );
      await scene.arrives(inbox, 10, "every message arrives");
      assertEachOnce(inbox, [0, 10], "each message arrives once");
    },
    bus: async (scene) => {
      const topic = scene.topic("batch");
      const inbox = await (await scene.driverClient("consumer")).subscribe(topic);
      const bus = await scene.bus("publisher");
      const entries = [0, () => "not a value", 1, 2].map((payload, index) => ({ payload, id: `entry-${index}` }));
      const results = await bus.publishBatch(topic, entries);
      assert.deepEqual(
        results.map((result) => (result.ok ? result.receipt.id : BusError.is(result.error) && result.error.code)),
        ["entry-0", "BUSBAR_CODEC", "entry-2", "entry-3"],
        "each entry has its own result in its place",
      );
      await scene.arrives(inbox, 3, "the others arrive");
      assertEachOnce(inbox, [0, 3], "and each of them once");
    },
  },
  {
    id: "E3",
    title: "after closing, publishing and subscribing are refused as closed",
    everywhere: true,
    both: async (scene) => {
      const topic = scene.topic("closed");
      const client = await scene.client("main");
      await client.publish(topic, bytesOf("before"));
      await scene.within("closing ends", client.close());
      const closed = (error: unknown): boolean =>
        BusError.is(error) && error.code === "BUSBAR_CLOSED" && !error.retryable;
      await assert.rejects(
        scene.within("the publish is answered", client.publish(topic, bytesOf("after"))),
        closed,
        "a publish after closing is refused",
      );
      await assert.rejects(
        scene.within("the subscribe is answered", client.subscribe(topic)),
        closed,
        "a subscribe after closing is refused",
      );
    },
  },
  {
    id: "E6",
    title: "a publish whose signal aborts is rejected at once, and before it is sent where it had aborted before",
    everywhere: true,
    uses: ["link"],
    driver: async (scene) => {
      const topic = scene.topic("aborted");
      const inbox = await (await scene.client("consumer")).subscribe(topic);
      const broker = await scene.broker("publisher");
      const reason = new Error("the caller has changed its mind");
      await assert.rejects(
        scene.within(
          "the publish is answered",
          broker.publish(record(topic, bytesOf("1")), { signal: AbortSignal.abort(reason) }),
        ),
        (error: unknown) => error === reason,
        "a driver rejects with the signal's reason",
      );
      await broker.publish(record(topic, bytesOf("2")));
      await scene.eventually("what follows arrives", () => numbersIn(inbox).includes(2));
    },
    bus: async (scene) => {
      const topic = scene.topic("aborted");
      const inbox = await (await scene.driverClient("consumer")).subscribe(topic);
      const bus = await scene.bus("publisher");
      const reason = new Error("the caller has changed its mind");
      const canceled = (error: unknown): boolean =>
        BusError.is(error) && error.code === "BUSBAR_CANCELED" && error.cause === reason;
      const signal = AbortSignal.abort(reason);
      await assert.rejects(scene.within("the publish is answered", bus.publish(topic, 1, { signal })), canceled);
      await bus.publish(topic, 2);
      await scene.eventually("what follows arrives", () => numbersIn(inbox).includes(2));
      await scene.noMoreThan(inbox, 1, "what had been aborted before was not sent");
      if (scene.hasLink) await abortsWhileWaiting(scene, topic, reason, canceled);
      else scene.note("only a signal that had aborted before, the harness has no link to hold a publish on");
    },
  },
];

function isNoFailure(error: unknown): never {
  assert.fail(`all of a burst is confirmed, however much is published at once, not ${String(error)}`);
}

/** Shows that a publish waits for its confirm, and that the confirm is worth something. */
async function confirmsOverALink(scene: Scene, topic: string, inbox: Inbox): Promise<void> {
  const link = await scene.link();
  const publisher = await scene.clientOver(link, "publisher");
  await publishNumbered(publisher, topic, [0, 1]);
  await scene.arrives(inbox, 1, "the first message arrives");

  link.holdAnswers();
  const state: { receipt?: Receipt; error?: unknown } = {};
  const publishing = publisher.publish(topic, bytesOf("1")).then(
    (receipt) => void (state.receipt = receipt),
    (error: unknown) => void (state.error = error),
  );
  await scene.arrives(inbox, 2, "the message reaches the broker while its answers are held");
  await scene.stays("the publish does not resolve before its confirm is here", () => state.receipt === undefined);
  link.release();
  await scene.within("the publish resolves once its confirm is here", publishing);
  assert.equal(state.error, undefined, "the publish is confirmed");

  await publishNumbered(publisher, topic, [2, 50]);
  link.sever();
  await scene.arrives(inbox, 50, "what was confirmed is there, also when the publisher is cut off right after");
  assert.deepEqual(new Set(numbersIn(inbox)), new Set(range(0, 50)), "nothing that was confirmed is lost");
}

async function abortsWhileWaiting(
  scene: Scene,
  topic: string,
  reason: Error,
  canceled: (error: unknown) => boolean,
): Promise<void> {
  const link = await scene.link();
  const bus = await scene.busOver(scene.adopt(await link.create(scene.member("waiting"))), "waiting");
  await bus.publish(topic, 3);
  link.holdAnswers();
  const caller = new AbortController();
  const publishing = bus.publish(topic, 4, { signal: caller.signal });
  const answered = assert.rejects(scene.within("the publish is answered", publishing), canceled);
  caller.abort(reason);
  await answered.finally(() => link.release());
}
