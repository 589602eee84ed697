import assert from "node:assert/strict";
import type { Bus } from "@busbar/core";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { ascending, bytesOf, numberIn, publishNumbered, range } from "../numbered.ts";
import { BusClient } from "../scene/bus-client.ts";
import { watchingLeftOvers } from "../left-over.ts";
import type { Scene } from "../scene/scene.ts";
import { Load, Tally } from "./resilience-load.ts";

/** H5 to H8: processes that come and go, side by side, before their server is there, and after it has gone. */
export const livesLaws: readonly Law[] = [
  {
    id: "H5",
    title: "services that use the same topics at the same time do not see each other",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    bus: async (scene) => {
      const topic = scene.topic("shared");
      const publisher = await scene.bus("publisher");
      const publish = (numbers: readonly [number, number]): Promise<void> =>
        publishNumbered(new BusClient(publisher), topic, numbers);
      const services = await Promise.all(["one", "two", "three"].map((name) => failingOnce(scene, topic, name)));
      await publish([0, 20]);
      await Promise.all(services.map((service) => service.has(20)));
      const [first, second] = services;
      await Promise.all([first?.end(), second?.end()]);
      await publish([20, 40]);
      await Promise.all([first?.begin(), second?.begin()]);
      await publish([40, 60]);
      await Promise.all(services.map((service) => service.has(60)));
      await scene.stays("nothing comes beside them", () => services.every(({ handled }) => handled.length === 60));
      for (const { handled } of services)
        assert.deepEqual([...handled].sort(ascending), range(0, 60), "each service handles each message once");
    },
  },
  {
    id: "H6",
    title:
      "a receiver that starts after the publisher and ends under load, again and again, has every message in the end",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 8,
    both: async (scene) => {
      const [topic, group] = [scene.topic("lives"), scene.group("lives")];
      const load = new Load(await scene.client("publisher"), topic);
      load.start();
      await scene.eventually("the publisher publishes", () => load.confirmed.length > 0);
      const tally = new Tally();
      let from = Number.POSITIVE_INFINITY;
      for (let life = 1; life <= 3; life++) {
        const receiver = await scene.client("receiver");
        const before = tally.first.length;
        await receiver.subscribe(topic, { group }, (received) => tally.add(received));
        from = Math.min(from, load.sent);
        await scene.eventually(`in life ${life} the receiver gets messages`, () => tally.first.length > before + 5);
        await scene.within("the receiver ends under load", receiver.close());
        const { sent } = load;
        await scene.eventually("messages are published meanwhile", () => load.sent > sent + 5);
      }
      const last = await scene.client("receiver");
      await last.subscribe(topic, { group }, (received) => tally.add(received));
      await scene.within("every publish is confirmed", load.end());
      assert.deepEqual(load.refused, [], "no publish is refused");
      const due = (): readonly number[] => tally.missing(load.confirmed.filter((number) => number >= from));
      await scene.recovers("all lives together have every message", () => due().length === 0, due);
    },
  },
  {
    id: "H7",
    title:
      "a bus that starts before its server says that it is down, keeps publishes and subscriptions waiting, and goes to work when the server is there",
    everywhere: true,
    needs: ["atLeastOnce"],
    facility: "link",
    deadlines: 10,
    bus: async (scene) => {
      const topic = scene.topic("early");
      const witness = await (await scene.driverClient("witness")).subscribe(topic);
      const link = await scene.link();
      link.refuse();
      const broker = scene.adopt(await link.create(scene.member("early")));
      const bus = await scene.within("the bus starts", scene.busOver(broker, "early", { start: "background" }));
      const seen: unknown[] = [];
      const subscribing = bus.subscribe(topic, { deadLetter: false }, (payload) => void seen.push(payload));
      const subscription = await scene.within("the subscription is taken", subscribing);
      const outcomes: string[] = [];
      void bus.publish(topic, bytesOf("0")).then(
        () => outcomes.push("confirmed"),
        (error: unknown) => outcomes.push(String(error)),
      );
      await scene.eventually(
        "the bus has tried to reach its server",
        () => bus.health().brokers[0]?.lastError !== undefined,
      );
      const { status, brokers } = bus.health();
      assert.equal(status, "down", "as long as the server is away the bus says that it is down");
      assert.equal(brokers[0]?.publishing, 1, "and the publish waits for it");
      await scene.stays("nothing is confirmed", () => outcomes.length === 0 && witness.received.length === 0);

      link.accept();
      await scene.recovers(
        "the bus says that all is well",
        () => bus.health().status === "ok",
        () => bus.health(),
      );
      await scene.recovers("the publish that waited has an outcome", () => outcomes.length > 0);
      assert.deepEqual(outcomes, ["confirmed"], "the publish that waited is confirmed");
      await scene.arrives(witness, 1, "and is there");
      await scene.within("the subscription that waited is ready", subscription.ready);
      const { length } = seen;
      await bus.publish(topic, bytesOf("1"));
      await scene.eventually("and receives what is published from then on", () => seen.length > length);
    },
  },
  {
    id: "H8",
    title: "connections that were cut leave no socket and no timer behind once their bus is closed",
    everywhere: true,
    facility: "link",
    needs: ["atLeastOnce"],
    deadlines: 8,
    bus: (scene) =>
      watchingLeftOvers(async (left) => {
        const link = await scene.link();
        for (const waits of [true, false]) {
          const bus = await scene.busOver(scene.adopt(await link.create(scene.member("cut"))), "cut");
          const seen: unknown[] = [];
          const topic = scene.topic("traces", String(waits));
          await bus.subscribe(topic, { deadLetter: false }, (payload) => void seen.push(payload));
          await bus.publish(topic, bytesOf("1"));
          await scene.eventually("the message arrives", () => seen.length > 0);
          if (!waits) link.refuse();
          else {
            link.sever();
            await scene.recovers("publishing goes on", () => published(bus.publish(topic, bytesOf("2"))));
          }
          await scene.within(
            waits ? "closing ends" : "closing ends while the server is away",
            bus.close({ deadlineMs: 20 }),
          );
          link.accept();
          await scene.eventually(
            "no connection is left",
            () => link.connections === 0,
            () => link.connections,
          );
        }
        await link.close();
        await scene.eventually("nothing that keeps the process alive is left", () => left().length === 0, left);
      }),
  },
];

/** A service that fails each message once before it handles it, and can end and begin again. */
interface Service {
  readonly handled: readonly number[];
  begin(): Promise<void>;
  end(): Promise<void>;
  /** Resolves once so many messages are handled. */
  has(count: number): Promise<void>;
}

async function failingOnce(scene: Scene, topic: string, name: string): Promise<Service> {
  const handled: number[] = [];
  const failed = new Set<number>();
  const options = { group: scene.group(name), retry: { attempts: 2, backoffMs: 1 }, deadLetter: false } as const;
  let bus: Bus | undefined;
  const begin = async (): Promise<void> => {
    bus = await scene.bus(name);
    await bus.subscribe<Uint8Array>(topic, options, (body) => {
      const number = numberIn({ body });
      if (!failed.has(number) && failed.add(number)) throw new Error("once more");
      handled.push(number);
    });
  };
  await begin();
  return {
    handled,
    begin,
    end: () => bus?.close() ?? Promise.resolve(),
    has: (count) =>
      scene.eventually(
        "each service gets every message",
        () => handled.length >= count,
        () => `${handled.length} of ${count}`,
      ),
  };
}

function published(publishing: Promise<unknown>): Promise<boolean> {
  return publishing.then(
    () => true,
    (error: unknown) => {
      if (BusError.is(error) && error.retryable) return false;
      throw error;
    },
  );
}
