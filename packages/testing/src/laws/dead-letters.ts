import assert from "node:assert/strict";
import { Reject } from "@busbar/core";
import type { Bus, DeadLetter, SubscribeOptions } from "@busbar/core";
import type { Law } from "../law.ts";
import { range, textOf } from "../numbered.ts";
import { deadLettersOf, theDeadLetter } from "../scene/dead-letters.ts";
import { record } from "../scene/records.ts";
import type { Scene } from "../scene/scene.ts";

/** I1 to I3 and I17: what is kept of a message that nobody could handle, and what can be done with it. */
export const deadLetterLaws: readonly Law[] = [
  {
    id: "I1",
    title: "a message without attempts left is kept as a dead letter: as it was, with what became of it",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters", "headers"],
    bus: async (scene) => {
      const retry = { attempts: 2, backoffMs: 1 };
      const { letter, topic, group } = await die(scene, { retry }, () => new RangeError("out of stock"));
      assert.deepEqual(originalOf(letter), { ...original, body: [...original.body] }, "the message is as it was");
      assert.deepEqual(
        { topic: letter.topic, filter: letter.filter, group: letter.group, attempts: letter.attempts },
        { topic, filter: topic, group, attempts: 2 },
        "the dead letter says where it comes from, and how often it was tried",
      );
      assert.equal(letter.reason, "attempts-exhausted", "and why it is one");
      assert.match(letter.error, /RangeError.*out of stock/, "in the words of the last error");
    },
  },
  {
    id: "I2",
    title: "a message that its handler rejects is a dead letter at once, without another attempt",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters", "headers"],
    bus: async (scene) => {
      const retry = { attempts: 5, backoffMs: 1 };
      // Credit for one message only, so that what comes behind it needs it back.
      const options = { retry, maxInFlight: 1 };
      const { letter, runs, bus, publishOriginal, group } = await die(
        scene,
        options,
        () => new Reject("not one of ours"),
      );
      assert.deepEqual(originalOf(letter), { ...original, body: [...original.body] }, "the message is as it was");
      assert.deepEqual(
        { runs: runs(), attempts: letter.attempts, reason: letter.reason },
        { runs: 1, attempts: 1, reason: "rejected" },
        "it was tried once, and is rejected",
      );
      assert.match(letter.error, /not one of ours/, "in the handler's own words");
      await publishOriginal("order-18");
      await scene.eventually(
        "the message behind it is not held up, also where there is credit for one only",
        async () => (await deadLettersOf(bus, group)).some(({ id }) => id === "order-18"),
      );
    },
  },
  {
    id: "I3",
    title: "dead letters can be looked at, published again and dropped, some or all of them",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters", "headers"],
    deadlines: 6,
    bus: async (scene) => {
      const [topic, group] = [scene.topic("many"), scene.group("many")];
      const bus = await scene.bus("main");
      const handled: unknown[] = [];
      let repaired = false;
      await bus.subscribe(topic, { group, concurrency: 4 }, (payload, { id, key, headers }) => {
        if (!repaired) throw new Reject("broken for now");
        handled.push({ payload, id, key, one: headers["one"] });
      });
      for (const number of range(0, 4))
        await bus.publish(topic, number, { id: `letter-${number}`, key: "k", headers: { one: "1" } });
      await listed(scene, bus, group, [0, 1, 2, 3], "all of them are listed, and stay");
      await listed(scene, bus, group, [0, 1, 2, 3], "looking at them takes none away");
      const dead = bus.deadLetters(group);
      const chosen: string[] = [];
      for await (const { body } of dead.list(({ id }) => id === "letter-1" || id === "letter-3"))
        chosen.push(textOf(body));
      assert.deepEqual(chosen.sort(), ["1", "3"], "those that are chosen are listed, and no others");
      assert.deepEqual(
        [await dead.drop(() => false), await dead.replay(() => false)],
        [0, 0],
        "where none is chosen, none is dropped and none published again",
      );
      assert.equal(await dead.drop(({ body }) => textOf(body) === "0"), 1, "dropping says how many it has dropped");
      await listed(scene, bus, group, [1, 2, 3], "what was dropped is gone, and nothing else");
      repaired = true;
      assert.equal(
        await dead.replay(({ body }) => textOf(body) === "2"),
        1,
        "publishing again says how many there were",
      );
      await scene.eventually("what is published again is handled", () => handled.length > 0);
      assert.deepEqual(handled, [{ payload: 2, id: "letter-2", key: "k", one: "1" }], "it is the message that it was");
      await listed(scene, bus, group, [1, 3], "what was published again is gone, and nothing else");
      assert.equal(await dead.drop(), 2, "all that are left can be dropped");
      await listed(scene, bus, group, [], "then there is none");
    },
  },
  {
    id: "I17",
    title: "a message that was delivered more often than it may be is a dead letter without another run",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters", "deliveryCount"],
    deadlines: 8,
    bus: async (scene) => {
      const [topic, group] = [scene.topic("often"), scene.group("often")];
      let runs = 0;
      const live = async (): Promise<Bus> => {
        const bus = await scene.bus("main");
        const hang = scene.gate();
        await bus.subscribe(topic, { group, maxDeliveries: 2 }, () => {
          runs++;
          return hang.passed();
        });
        return bus;
      };
      for (const life of [1, 2]) {
        const bus = await live();
        if (life === 1) await bus.publish(topic, 1, { id: "often-1" });
        await scene.eventually("its handler runs", () => runs === life);
        await scene.within("a process that is cut off ends", bus.close({ deadlineMs: 0 }));
      }
      const bus = await live();
      const letter = await theDeadLetter(scene, bus, group);
      assert.deepEqual(
        { id: letter.id, reason: letter.reason, attempts: letter.attempts, runs },
        { id: "often-1", reason: "deliveries-exhausted", attempts: 0, runs: 2 },
        "the third delivery is not run, and the message kept",
      );
    },
  },
];

const original = {
  id: "order-17",
  key: "customer-4",
  headers: { one: "1", text: "é, 日本語" },
  timestamp: 1_700_000_000_123,
  contentType: "application/x-acme",
  body: Uint8Array.of(0, 0xff, 0xfe, 0xc0, 0x80, 10, 13),
};

function originalOf({ id, key, headers, timestamp, contentType, body }: DeadLetter): unknown {
  return { id, key, headers: { ...headers }, timestamp, contentType, body: [...body] };
}

interface Death {
  readonly letter: DeadLetter;
  readonly topic: string;
  readonly group: string;
  readonly runs: () => number;
  readonly bus: Bus;
  /** Publishes the message once more, as another one. */
  readonly publishOriginal: (id: string) => Promise<unknown>;
}

/** Lets a handler fail on the one message that there is, until it is a dead letter. */
async function die(
  scene: Scene,
  options: Pick<SubscribeOptions, "retry" | "maxInFlight">,
  failure: () => Error,
): Promise<Death> {
  const [topic, group] = [scene.topic("dying"), scene.group("dying")];
  const bus = await scene.bus("main");
  let runs = 0;
  await bus.subscribe(topic, { group, ...options }, () => {
    runs++;
    throw failure();
  });
  const publisher = await scene.broker("publisher");
  const { body, ...rest } = original;
  const publishOriginal = (id: string): Promise<unknown> => publisher.publish(record(topic, body, { ...rest, id }));
  await publishOriginal(rest.id);
  return { letter: await theDeadLetter(scene, bus, group), topic, group, runs: () => runs, bus, publishOriginal };
}

/** Holds once the dead letters of the group are those with these numbers as bodies. */
async function listed(
  scene: Scene,
  bus: Bus,
  group: string,
  numbers: readonly number[],
  promise: string,
): Promise<void> {
  const wanted = new Set(numbers.map(String));
  let seen: readonly string[] = [];
  await scene.eventually(
    promise,
    async () => {
      seen = (await deadLettersOf(bus, group)).map(({ body }) => textOf(body));
      return seen.length === wanted.size && seen.every((text) => wanted.has(text));
    },
    () => seen,
  );
}
