import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import { range } from "../numbered.ts";
import { deadLettersOf } from "../scene/dead-letters.ts";
import type { Scene } from "../scene/scene.ts";

const room = 10;

/** D10 and D12: messages that wait for another attempt, or whose connection went while they were handled. */
export const heldUpLaws: readonly Law[] = [
  {
    id: "D10",
    title:
      "when all messages that there is room for wait for another attempt no more are taken, health says so and of which keys, and all are handled in the end",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters"],
    deadlines: 8,
    bus: async (scene) => {
      const bus = await scene.bus("main");
      // Of many keys they wait each for itself, of one they wait behind the first.
      for (const keys of [3 * room, 1]) {
        const [topic, group] = [scene.topic("down", String(keys)), scene.group(`down-${keys}`)];
        let down = true;
        const failed = new Set<number>();
        const handled: number[] = [];
        const retry = { attempts: 200, backoffMs: 2 * scene.quietMs, factor: 1 };
        const options = { group, concurrency: 2, maxInFlight: room, retry };
        const subscription = await bus.subscribe<number>(topic, options, async (number) => {
          await new Promise((resolve) => void setImmediate(resolve));
          if (!down) return void handled.push(number);
          failed.add(number);
          throw new Error("the database is down");
        });
        assert.equal(bus.health().status, "ok", "all is well before");
        await Promise.all(
          range(0, 3 * room).map((number) => bus.publish(topic, number, { key: `key-${number % keys}` })),
        );
        const health = (): unknown => subscription.health();
        await scene.eventually(
          "health says that what there is room for is waiting",
          () => subscription.health().state === "degraded" && bus.health().status === "degraded",
          health,
        );
        await scene.eventually("every message that can be tried has failed", () => failed.size >= Math.min(keys, room));
        const handedOut = (): number => handedOutOn(scene, topic).size;
        await scene.stays(
          "for as long as it is so, also while one is tried again",
          () => subscription.health().state === "degraded",
          health,
        );
        await scene.stays("no more are taken than there is room for", () => handedOut() === room, handedOut);
        const { delayedKeys, deadLettered } = subscription.health();
        assert.ok(
          delayedKeys.length > 0 && delayedKeys.every((key) => isKeyOf(key, topic, keys)),
          `it names the keys that wait, and no other: ${delayedKeys.join(", ")}`,
        );
        assert.equal(deadLettered, 0, "nothing is buried for lack of room");
        down = false;
        await scene.eventually(
          "every message is handled once it can be",
          () => handled.length >= 3 * room,
          () => handled,
        );
        await scene.stays("each of them once", () => handled.length === 3 * room);
        assert.deepEqual(new Set(handled), new Set(range(0, 3 * room)), "none is missing");
        assert.deepEqual(await deadLettersOf(bus, group), [], "and none is a dead letter");
        assert.equal(bus.health().status, "ok", "health says that all is well again");
      }
    },
  },
  {
    id: "D12",
    title:
      "a handler whose connection is cut keeps its slot and its place, and a message that it has handled is not run again when it comes again",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    facility: "link",
    deadlines: 12,
    bus: async (scene) => {
      const link = await scene.link();
      const topic = scene.topic("cut-off");
      const broker = await scene.unopenedOver(link, "member");
      const bus = await scene.busOver(broker, "member");
      const begun: string[] = [];
      const gates = new Map<string, ReturnType<Scene["gate"]>>();
      let busy = 0;
      const options = { group: scene.group("cut-off"), concurrency: 2, deadLetter: false } as const;
      const subscription = await bus.subscribe<string>(topic, options, async (payload) => {
        begun.push(payload);
        busy++;
        await gates.get(payload)?.passed();
        busy--;
      });
      const publisher = await scene.bus("publisher");
      const publish = (payload: string): Promise<unknown> =>
        publisher.publish(topic, payload, { key: payload.split(":")[0] ?? "", id: `${scene.topic()}:${payload}` });
      const times = (payload: string): number => begun.filter((one) => one === payload).length;
      const handedOut = (payload: string): number =>
        scene.ledger.entries.flatMap((entry) => entry.handedOut).filter((id) => id === `${scene.topic()}:${payload}`)
          .length;
      const seen = (): unknown => begun;

      // It still runs when its message comes again.
      const running = scene.gate();
      gates.set("slow:1", running);
      await publish("slow:1");
      await publish("slow:2");
      await scene.eventually("a handler is at work", () => times("slow:1") === 1);
      link.sever();
      await scene.recovers("its message comes again", () => handedOut("slow:1") >= 2, seen);
      await scene.stays(
        "the one that runs is not run beside itself, and keeps its place before those of its key",
        () => times("slow:1") === 1 && times("slow:2") === 0,
        seen,
      );
      const others = range(0, 4).map((number) => `other-${number}:0`);
      const beside = scene.gate();
      for (const payload of others) {
        gates.set(payload, beside);
        await publish(payload);
      }
      await scene.recovers("others are handled in the slot that is left", () => busy === 2, seen);
      await scene.stays("and in no other", () => busy === 2, seen);
      beside.open();
      await scene.eventually("one after the other", () => others.every((payload) => times(payload) === 1), seen);
      running.open();
      await scene.eventually("the next of its key follows when it is done", () => times("slow:2") === 1, seen);
      await scene.stays("and it is not run again", () => times("slow:1") === 1, seen);

      // It is done before its message comes again.
      const ending = scene.gate();
      gates.set("done:1", ending);
      await publish("done:1");
      await scene.eventually("another handler is at work", () => times("done:1") === 1);
      link.refuse();
      await scene.eventually("the bus has seen the cut", () => bus.health().status !== "ok", seen);
      ending.open();
      await scene.eventually("it ends while nobody can be told", () => busy === 0);
      link.accept();
      await publish("done:2");
      await scene.recovers("the subscription is back", () => times("done:2") === 1, seen);
      await scene.stays("what was handled is not run again when it comes again", () => times("done:1") === 1, seen);
      await scene.within("closing ends", bus.close());
      assert.equal(subscription.health().failed, 0, "a cut is no failure");

      const next: string[] = [];
      const later = await scene.bus("member");
      await later.subscribe<string>(topic, options, (payload) => void next.push(payload));
      await publish("new:0");
      await scene.eventually(
        "the next process gets what is new",
        () => next.includes("new:0"),
        () => next,
      );
      await scene.stays(
        "and nothing that was handled, as it was acknowledged when it came again",
        () => next.length === 1,
        () => next,
      );
    },
  },
];

/** The ids of the messages that were handed out on a topic. */
function handedOutOn(scene: Scene, topic: string): ReadonlySet<string | undefined> {
  return new Set(
    scene.ledger.entries.filter(({ request }) => request.filter === topic).flatMap(({ handedOut }) => handedOut),
  );
}

function isKeyOf(text: string, topic: string, keys: number): boolean {
  return range(0, keys).some((key) => text === `${topic} key-${key}`);
}
