import assert from "node:assert/strict";
import type { Bus, Overflow } from "@busbar/core";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import type { Link } from "../link.ts";
import { bytesOf, numbersIn, range } from "../numbered.ts";
import type { Inbox } from "../scene/client.ts";
import type { Scene } from "../scene/scene.ts";
import { Load, Tally } from "./resilience-load.ts";

/** How many unconfirmed publishes the windows of E9 have room for. */
const room = 2;

/** E9 and E10: how many publishes may be unconfirmed, and in which order they reach the broker. */
export const publishWindowLaws: readonly Law[] = [
  {
    id: "E9",
    title:
      "when the window of unconfirmed publishes is full, a publish waits, is refused, or takes the place of the oldest that waits, as was asked for",
    everywhere: true,
    needs: ["atLeastOnce"],
    facility: "link",
    deadlines: 14,
    bus: async (scene) => {
      const link = await scene.link();
      const windows: Window[] = [];
      for (const overflow of ["wait", "reject", "drop-oldest", "drop-newest"] as const)
        windows.push(await openWindow(scene, link, overflow));

      link.holdAnswers();
      for (const window of windows) window.publish(range(0, 4));
      for (const window of windows) {
        // What is on its way cannot be called back, so here the newest have to give way under each policy but one.
        await window.refuses(window.overflow === "wait" ? [] : [2, 3], "while the broker has not confirmed");
        await scene.arrives(window.inbox, 1 + room, "as many as there is room for reach the broker");
      }
      await scene.stays("the others wait for room, and nothing is confirmed", () =>
        windows.every(({ confirmed, inbox }) => confirmed.length === 0 && inbox.received.length === 1 + room),
      );
      link.release();
      for (const window of windows)
        await window.keeps(window.overflow === "wait" ? [0, 1, 2, 3] : [0, 1], "once the broker confirms");

      link.refuse();
      for (const { bus } of windows)
        await scene.eventually(
          "the bus says that its broker is away",
          () => bus.health().brokers[0]?.state !== "connected",
        );
      const whileAway = { wait: [], reject: [6, 7], "drop-oldest": [4, 5], "drop-newest": [6, 7] };
      const kept = { wait: [4, 5, 6, 7], reject: [4, 5], "drop-oldest": [6, 7], "drop-newest": [4, 5] };
      for (const window of windows) window.publish(range(4, 8));
      for (const window of windows) await window.refuses(whileAway[window.overflow], "while the broker is away");
      link.accept();
      for (const window of windows) await window.keeps(kept[window.overflow], "once the broker is back");
    },
  },
  {
    id: "E10",
    title:
      "publishes of one topic and key reach the broker in the order of the calls, also when some have to be sent again",
    everywhere: true,
    needs: ["atLeastOnce"],
    facility: "link",
    deadlines: 10,
    bus: async (scene) => {
      const topic = scene.topic("ordered");
      const tally = new Tally();
      const consumer = await scene.driverClient("consumer");
      const inbox = await consumer.subscribe(topic, {}, (received) => tally.add(received));
      const link = await scene.link();
      const load = new Load(await scene.clientOver(link, "publisher"), topic);
      load.burst(1);
      await scene.arrives(inbox, 1, "the first message arrives");
      // A driver may send nothing behind a publish that is not confirmed.
      await scene.eventually("the first publish is confirmed", () => load.open === 0);
      for (const times of [1, 2]) {
        const before = tally.first.length;
        link.holdAnswers();
        load.burst(30);
        await scene.eventually("some of it reaches the broker, unconfirmed", () => tally.first.length > before);
        // And some of it does not: the network has gone silent before it is cut.
        link.swallow();
        load.burst(30);
        link.sever();
        load.burst(30);
        link.release();
        await scene.recovers(
          `every publish has an outcome after cut ${times}`,
          () => load.open === 0,
          () => `${load.open} have none`,
        );
      }
      assert.deepEqual(load.refused, [], "what a cut has swallowed is sent again");
      await scene.eventually(
        "all of it arrives",
        () => tally.first.length === load.sent,
        () => `${tally.first.length} of ${load.sent}`,
      );
      assert.deepEqual(tally.overtaken(), [], "no message of a key reaches the broker before an earlier one of it");
    },
  },
];

/** A bus with a small window, and what became of each publish through it. */
interface Window {
  readonly overflow: Overflow;
  readonly bus: Bus;
  readonly inbox: Inbox;
  readonly confirmed: readonly number[];
  /** Publishes these numbers without waiting in between. */
  publish(numbers: readonly number[]): void;
  /** Holds once these, of all that were published in one go, are refused for lack of room. */
  refuses(numbers: readonly number[], when: string): Promise<void>;
  /** Holds once these are confirmed beside those before them, and are there in the order of the calls, each once. */
  keeps(numbers: readonly number[], when: string): Promise<void>;
}

async function openWindow(scene: Scene, link: Link, overflow: Overflow): Promise<Window> {
  const topic = scene.topic("window", overflow);
  const inbox = await (await scene.driverClient(`consumer-${overflow}`)).subscribe(topic);
  const broker = scene.adopt(await link.create(scene.member(`window-${overflow}`)));
  const publish = { maxInFlight: room, overflow };
  const bus = await scene.busOver(broker, `window-${overflow}`, { publish });
  // The first publish makes what is made once; it is the one that comes before all others.
  await bus.publish(topic, bytesOf("-1"), { timeoutMs: scene.deadlineMs });
  await scene.arrives(inbox, 1, "the first message arrives");
  return watchedWindow(scene, { overflow, bus, topic, inbox });
}

function watchedWindow(
  scene: Scene,
  { overflow, bus, topic, inbox }: Pick<Window, "overflow" | "bus" | "inbox"> & { readonly topic: string },
): Window {
  const confirmed: number[] = [];
  let refused: { readonly number: number; readonly error: unknown }[] = [];
  const due: number[] = [];
  return {
    overflow,
    bus,
    inbox,
    confirmed,
    publish(numbers) {
      refused = [];
      for (const number of numbers)
        void bus.publish(topic, bytesOf(String(number)), { key: "one", timeoutMs: 3 * scene.deadlineMs }).then(
          () => confirmed.push(number),
          (error: unknown) => refused.push({ number, error }),
        );
    },
    async refuses(numbers, when) {
      const seen = (): readonly number[] => refused.map(({ number }) => number);
      const promise = `with "${overflow}" ${numbers.length} publishes give way ${when}`;
      await scene.eventually(promise, () => refused.length >= numbers.length, seen);
      assert.deepEqual(seen(), numbers, `${promise}, and they are ${numbers.join(" and ")}`);
      for (const { error } of refused)
        assert.ok(
          BusError.is(error) && error.code === "BUSBAR_CAPACITY" && error.retryable,
          `what gives way is told that there was no room, and to try again, not ${String(error)}`,
        );
    },
    async keeps(numbers, when) {
      due.push(...numbers);
      await scene.recovers(
        `with "${overflow}" the others are confirmed ${when}`,
        () => confirmed.length >= due.length,
        () => confirmed,
      );
      await scene.eventually(
        "and are there",
        () => inbox.received.length > due.length,
        () => numbersIn(inbox),
      );
      assert.deepEqual(confirmed, due, "they are confirmed in the order of the calls");
      assert.deepEqual(numbersIn(inbox), [-1, ...due], "each is there once, in the order of the calls");
    },
  };
}
