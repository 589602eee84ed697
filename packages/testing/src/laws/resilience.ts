import assert from "node:assert/strict";
import type { Gate } from "../gate.ts";
import type { Law } from "../law.ts";
import type { Link } from "../link.ts";
import type { Client, ClientSubscribeOptions } from "../scene/client.ts";
import type { Scene } from "../scene/scene.ts";
import { Load, Tally } from "./resilience-load.ts";

/** H1 and H2: what is kept while the server restarts, and while the network breaks. */
export const resilienceLaws: readonly Law[] = [
  {
    id: "H1",
    title: "while messages are published and handled the server is restarted twice, and nothing confirmed is lost",
    everywhere: true,
    needs: ["durable", "atLeastOnce"],
    facility: "restart",
    deadlines: 24,
    bus: async (scene) => {
      const topic = scene.topic("restarted");
      const handling = await handle(scene, await scene.client("consumer"), topic, overRestarts(scene));
      const load = new Load(await scene.client("publisher"), topic);
      load.start();
      for (const time of ["first", "second"]) {
        const held = handling.hold();
        // More than the consumer has credit for, so that some wait at the server.
        load.burst(400);
        const waiting = load.sent;
        await scene.recovers("all of it is confirmed", () => load.confirmed.length >= waiting);
        await scene.recovers("handlers are at work", () => handling.held > 0);
        assert.ok(await scene.restart(), "the server restarts");
        held.open();
        const sent = load.sent;
        await scene.recovers(
          `what is published after the ${time} restart is handled, by the subscription that was there before`,
          () => handling.tally.first.some((number) => number >= sent),
          () => `${load.confirmed.length} of ${load.sent} confirmed, ${handling.tally.first.length} handled`,
        );
      }
      await nothingLost(scene, load, handling.tally);
    },
  },
  {
    id: "H2",
    title:
      "connections are cut, also after a silence: nothing confirmed is lost, subscriptions come back by themselves, keys keep their order",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    facility: "link",
    deadlines: 16,
    both: async (scene) => {
      const topic = scene.topic("cut");
      const link = await scene.link();
      const inGroup = { group: scene.group("cut") };
      const handling = await handle(scene, await scene.clientOver(link, "consumer"), topic, inGroup);
      const load = new Load(await scene.clientOver(link, "publisher"), topic);
      load.burst(20);
      await scene.eventually("every message is handled", () => handling.tally.first.length === 20);

      const held = handling.hold();
      load.burst(20);
      await scene.eventually("handlers are at work", () => handling.held > 0);
      load.burst(20);
      link.sever();
      load.burst(20);
      held.open();
      await comesBack(scene, load, handling.tally, "a cut");

      await silence(scene, link, load);
      await comesBack(scene, load, handling.tally, "a silence");
      await nothingLost(scene, load, handling.tally);
      assert.deepEqual(handling.tally.overtaken(), [], "no message of a key is handled before an earlier one of it");
    },
  },
];

/** Handlers at work, and how to hold them up. */
export interface Handling {
  readonly tally: Tally;
  /** How many handlers wait for the gate. */
  readonly held: number;
  /** Lets handlers wait from now on until the gate is opened. */
  hold(): Gate;
}

/** Subscribes with handlers that can be held up. */
export async function handle(
  scene: Scene,
  consumer: Client,
  topic: string,
  options: ClientSubscribeOptions,
): Promise<Handling> {
  const tally = new Tally();
  let gate: Gate | undefined;
  let held = 0;
  await consumer.subscribe(topic, options, async (received) => {
    if (gate !== undefined && !gate.isOpen) {
      held++;
      await gate.passed();
      held--;
    }
    tally.add(received);
  });
  return {
    tally,
    get held() {
      return held;
    },
    hold: () => (gate = scene.gate()),
  };
}

/** A durable subscription of the kind that the server keeps over a restart. */
function overRestarts(scene: Scene): ClientSubscribeOptions {
  const { forgetsGroups } = scene;
  if (forgetsGroups === undefined && scene.can("groups")) return { group: scene.group("restarted") };
  scene.note(`only a durable subscription without a group, ${forgetsGroups ?? "groups is unsupported"}`);
  return { durable: true };
}

/** A network that says nothing for a while and closes nothing, before it cuts. */
async function silence(scene: Scene, link: Link, load: Load): Promise<void> {
  const { length } = load.confirmed;
  link.swallow();
  load.burst(20);
  await scene.stays("nothing is confirmed that was never heard", () => load.confirmed.length === length);
  link.sever();
}

/** Holds when publishing and handling go on after a cut by themselves, and every publish has an outcome. */
export async function comesBack(scene: Scene, load: Load, tally: Tally, what: string): Promise<void> {
  await scene.recovers(
    `every publish has an outcome after ${what}`,
    () => load.open === 0,
    () => `${load.open} have none`,
  );
  if (scene.face === "bus") assert.deepEqual(load.refused, [], `the bus sends again what ${what} has swallowed`);
  let last = -1;
  await scene.recovers(
    `publishing goes on after ${what}`,
    async () => {
      last = load.sent;
      load.burst(1);
      await load.settled();
      return load.confirmed.includes(last);
    },
    () => `${load.open} without an outcome, the last refusal was ${String(load.refused.at(-1)?.error)}`,
  );
  await scene.recovers(
    `the subscription is back after ${what}`,
    () => tally.has(last),
    () => `${tally.first.length} handled`,
  );
}

/** Holds when every publish has an outcome in the end and whatever was confirmed is handled. */
export async function nothingLost(scene: Scene, load: Load, tally: Tally): Promise<void> {
  await scene.recovers("every publish has an outcome", async () => load.end().then(() => true));
  assert.deepEqual(load.wronglyRefused(), [], "a publish without a confirm is refused as one to send again");
  await scene.recovers(
    "nothing that was confirmed is lost",
    () => tally.missing(load.confirmed).length === 0,
    () => tally.missing(load.confirmed),
  );
}
