import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import { ascending, assertEachOnce, numberIn, numbersIn, publishNumbered, range } from "../numbered.ts";
import type { Inbox } from "../scene/client.ts";

/** B1 to B5, B8, B10 and B12: who gets a message. */
export const groupLaws: readonly Law[] = [
  {
    id: "B1",
    title: "two groups each get every message",
    everywhere: true,
    needs: ["groups"],
    both: async (scene) => {
      const topic = scene.topic("all");
      const inboxes: Inbox[] = [];
      for (const group of ["one", "two"]) {
        const member = await scene.client(`member-of-${group}`);
        inboxes.push(await member.subscribe(topic, { group: scene.group(group), durable: scene.can("durable") }));
      }
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, 20]);
      for (const inbox of inboxes) await scene.arrives(inbox, 20, "every message arrives in each group");
      for (const inbox of inboxes) {
        await scene.noMoreThan(inbox, 20, "no message arrives twice in a group");
        assertEachOnce(inbox, [0, 20], "each group has each message once");
      }
    },
  },
  {
    id: "B2",
    title: "the members of a group share the messages: together they get all, and none is got by two",
    everywhere: true,
    needs: ["groups"],
    both: async (scene) => {
      const [topic, group, count] = [scene.topic("shared"), scene.group("shared"), 40];
      const everybodyHasSome = scene.gate();
      const inboxes: Inbox[] = [];
      for (const name of ["member-1", "member-2"]) {
        const member = await scene.client(name);
        // Credit for a few only, kept until both have some: then a member that is quick cannot take all of them.
        const options = { group, durable: scene.can("durable"), atOnce: 5 };
        inboxes.push(await member.subscribe(topic, options, () => everybodyHasSome.passed()));
      }
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, count], (index) => ({ key: `key-${index}` }));
      const got = (): number[] => inboxes.map(({ received }) => received.length);
      await scene.eventually("each member gets at least one message", () => got().every((number) => number > 0), got);
      everybodyHasSome.open();
      await scene.eventually("all messages arrive", () => got().reduce((one, other) => one + other) >= count, got);
      await scene.stays("nothing arrives beside them", () => got().reduce((one, other) => one + other) === count, got);
      const [first = [], second = []] = inboxes.map(numbersIn);
      assert.deepEqual([...first, ...second].sort(ascending), range(0, count), "together they have each message once");
      assert.deepEqual(
        first.filter((number) => second.includes(number)),
        [],
        "no message was got by two",
      );
    },
  },
  {
    id: "B3",
    title: "without a group every subscriber gets every message",
    everywhere: true,
    needs: ["broadcast"],
    both: async (scene) => {
      const topic = scene.topic("broadcast");
      const [one, two] = [await scene.client("one"), await scene.client("two")];
      const inboxes = [await one.subscribe(topic), await one.subscribe(topic), await two.subscribe(topic)];
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, 20]);
      for (const inbox of inboxes) await scene.arrives(inbox, 20, "every message arrives at every subscriber");
      for (const inbox of inboxes) {
        await scene.noMoreThan(inbox, 20, "no message arrives twice at a subscriber");
        assertEachOnce(inbox, [0, 20], "every subscriber has each message once");
      }
    },
  },
  {
    id: "B4",
    title: "a durable subscription, of a group or of one process, gets what was published while nobody was there",
    everywhere: false,
    needs: ["groups", "durable"],
    deadlines: 6,
    both: async (scene) => {
      const topic = scene.topic("away");
      const subscriptions = [{ group: scene.group("away"), durable: true }, { durable: true }];
      const before = await scene.client("member");
      const first = await Promise.all(subscriptions.map((options) => before.subscribe(topic, options)));
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, 3]);
      for (const inbox of first) await scene.arrives(inbox, 3, "what is published while it is there arrives");
      await scene.within("the member leaves", before.close());
      await publishNumbered(publisher, topic, [3, 10]);
      const after = await scene.client("member");
      const second = await Promise.all(subscriptions.map((options) => after.subscribe(topic, options)));
      for (const inbox of second) {
        await scene.arrives(inbox, 7, "what was published while it was away arrives");
        await scene.noMoreThan(inbox, 7, "what it had handled before does not come again");
        assertEachOnce(inbox, [3, 10], "it has each message that it missed once");
      }
    },
  },
  {
    id: "B5",
    title: "a new subscription that starts from the earliest message gets what was published before it",
    everywhere: false,
    needs: ["groups", "durable", "startFromEarliest"],
    both: async (scene) => {
      const topic = scene.topic("history");
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, 10]);
      const late = await scene.client("late");
      const inbox = await late.subscribe(topic, { group: scene.group("late"), startFrom: "earliest" });
      await scene.arrives(inbox, 10, "what was published before it arrives");
      await publishNumbered(publisher, topic, [10, 12]);
      await scene.arrives(inbox, 12, "what is published after it arrives");
      await scene.noMoreThan(inbox, 12, "nothing arrives twice");
      assertEachOnce(inbox, [0, 12], "it has each message once");
      await scene.within("it leaves", late.close());
      await publishNumbered(publisher, topic, [12, 14]);
      const again = await (
        await scene.client("late")
      ).subscribe(topic, {
        group: scene.group("late"),
        startFrom: "earliest",
      });
      await scene.arrives(again, 2, "one that was there before goes on where it was");
      await scene.noMoreThan(again, 2, "and does not start from the earliest message again");
      assertEachOnce(again, [12, 14], "it has what it missed, each message once");
    },
  },
  {
    id: "B8",
    title: "of two subscriptions one is closed, and the other goes on as if nothing had happened",
    everywhere: true,
    both: async (scene) => {
      const topic = scene.topic("two");
      const consumer = await scene.client("consumer");
      const staying = await consumer.subscribe(topic);
      const leaving = await consumer.subscribe(topic);
      const publisher = await scene.client("publisher");
      await publishNumbered(publisher, topic, [0, 5]);
      await scene.arrives(staying, 5, "the one that stays gets what came before");
      await scene.arrives(leaving, 5, "the one that leaves gets what came before");
      await scene.within("the other one closes", leaving.close());
      await publishNumbered(publisher, topic, [5, 10]);
      await scene.arrives(staying, 10, "the one that stays gets what comes after");
      await scene.noMoreThan(leaving, 5, "the one that is closed gets nothing any more");
      assertEachOnce(staying, [0, 10], "the one that stays has each message once");
    },
  },
  {
    id: "B10",
    title: "a wildcard stands for one token, a double one for one or more at the end",
    everywhere: false,
    needs: ["wildcards"],
    both: async (scene) => {
      const consumer = await scene.client("consumer");
      const inboxes = new Map<readonly number[], Inbox>();
      for (const [filter, numbers] of wildcardFilters)
        inboxes.set(numbers, await consumer.subscribe(scene.topic(...filter)));
      const publisher = await scene.client("publisher");
      for (const [number, tokens] of wildcardTopics.entries())
        await publishNumbered(publisher, scene.topic(...tokens), [number, number + 1]);
      for (const [numbers, inbox] of inboxes)
        await scene.arrives(inbox, numbers.length, "what fits the filter arrives");
      await scene.stays("what does not fit it does not", () =>
        [...inboxes].every(([numbers, inbox]) => inbox.received.length === numbers.length),
      );
      for (const [numbers, inbox] of inboxes)
        assert.deepEqual([...numbersIn(inbox)].sort(ascending), numbers, "what arrives is what fits the filter");
    },
  },
  {
    id: "B12",
    title: "the members of a group that wants messages at most once share them, and each is handled once",
    everywhere: true,
    needs: ["groups", "atMostOnce", "atLeastOnce"],
    bus: async (scene) => {
      const [topic, count] = [scene.topic("once"), 40];
      const options = { group: scene.group("once"), delivery: "at-most-once", concurrency: 8 } as const;
      const handled: number[] = [];
      for (const name of ["member-1", "member-2"]) {
        const bus = await scene.bus(name);
        await bus.subscribe<Uint8Array>(topic, options, (body) => void handled.push(numberIn({ body })));
      }
      await publishNumbered(await scene.driverClient("publisher"), topic, [0, count]);
      await scene.eventually(
        "all messages are handled",
        () => handled.length >= count,
        () => handled.length,
      );
      await scene.stays(
        "and none of them twice",
        () => handled.length === count,
        () => handled.length,
      );
      assert.deepEqual(handled.sort(ascending), range(0, count), "together the members have each message once");
      const kept = scene.ledger.entries.filter(({ request }) => request.durable);
      assert.deepEqual(kept, [], "and nothing was to be kept for them");
    },
  },
];

const wildcardTopics: readonly (readonly string[])[] = [
  ["house"],
  ["house", "attic"],
  ["house", "kitchen"],
  ["house", "kitchen", "oven"],
  ["garden", "kitchen", "oven"],
  ["house-2", "kitchen"],
];

/** Filters, with the numbers of the topics above that fit. */
const wildcardFilters: readonly (readonly [readonly string[], readonly number[]])[] = [
  [
    ["house", "*"],
    [1, 2],
  ],
  [
    ["house", "**"],
    [1, 2, 3],
  ],
  [
    ["*", "kitchen"],
    [2, 5],
  ],
  [
    ["*", "kitchen", "*"],
    [3, 4],
  ],
  [["house", "kitchen"], [2]],
  [["*"], [0]],
];
