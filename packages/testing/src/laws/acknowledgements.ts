import assert from "node:assert/strict";
import type { Broker, BrokerStatus, Delivery } from "@busbar/core/contract";
import type { Law } from "../law.ts";
import { ascending, numberIn, publishNumbered, range } from "../numbered.ts";
import { BusClient } from "../scene/bus-client.ts";
import { joinGroup } from "../scene/group-member.ts";
import { subscribeRequest } from "../scene/records.ts";

const oneKey = (): { key: string } => ({ key: "one key" });

/** C7 and C11: acknowledgements out of order, and those that nobody hears. */
export const acknowledgementLaws: readonly Law[] = [
  {
    id: "C7",
    title:
      "what was open when its process ended comes again whatever was acknowledged after it, in its order, and what was done up to there does not",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 8,
    driver: async (scene) => {
      const first = await joinGroup(scene, "member");
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, first.topic, [0, 6], oneKey);
      await scene.eventually("every message arrives", () => first.deliveries.length === 6, first.numbers);
      // 2 and 5 stay open. A broker that commits places may deliver 3 and 4 again, but never without 2 before them.
      for (const number of [4, 0, 3, 1]) first.deliveries[first.numbers().indexOf(number)]?.settle("ack");
      await scene.within("the first process closes", first.close());

      const second = await joinGroup(scene, "member", { take: (delivery) => delivery.settle("ack") });
      const again = (): readonly number[] => second.numbers();
      await scene.eventually("what was open comes again", () => again().includes(2) && again().includes(5), again);
      await scene.stays(
        "what was acknowledged with nothing open before it does not",
        () => !again().includes(0) && !again().includes(1),
        again,
      );
      assert.deepEqual(
        again(),
        [...new Set(again())].sort(ascending),
        "what comes again comes once, in its order, so that nothing from behind a hole comes before it",
      );
      await scene.within("the second process closes", second.close());

      const third = await joinGroup(scene, "member", { take: (delivery) => delivery.settle("ack") });
      await publishNumbered(publisher, first.topic, [6, 7], oneKey);
      await scene.eventually("the third process gets what is new", () => third.numbers().includes(6), third.numbers);
      await scene.stays(
        "and nothing else, as every hole is closed",
        () => third.deliveries.length === 1,
        third.numbers,
      );
    },
    bus: async (scene) => {
      const [topic, never] = [scene.topic("holes"), scene.gate()];
      const options = { group: scene.group("holes"), order: "none", concurrency: 6, deadLetter: false } as const;
      const first = await scene.bus("member");
      const ended: number[] = [];
      await first.subscribe<number>(topic, options, async (number) => {
        if (number === 2) await never.passed();
        ended.push(number);
      });
      const publisher = await scene.bus("publisher");
      await Promise.all(range(0, 6).map((number) => publisher.publish(topic, number, oneKey())));
      await scene.eventually(
        "all others are handled while one handler runs",
        () => ended.length === 5,
        () => ended,
      );
      await scene.within("closing ends at its deadline", first.close({ deadlineMs: 20 }));

      const second = await scene.bus("member");
      const again: { number: number; attempt: number }[] = [];
      const subscription = await second.subscribe<number>(topic, options, (number, { attempt }) => {
        again.push({ number, attempt });
      });
      await scene.eventually(
        "what was open comes again",
        () => again.some(({ number }) => number === 2),
        () => again,
      );
      await scene.stays(
        "what was acknowledged with nothing open before it does not",
        () => !again.some(({ number }) => number < 2),
        () => again,
      );
      assert.deepEqual([...new Set(again.map(({ attempt }) => attempt))], [1], "being cut off uses up no attempt");
      assert.deepEqual(
        again.map(({ number }) => number),
        [...new Set(again.map(({ number }) => number))].sort(ascending),
        "each once, in its order",
      );
      await scene.within("the second process closes", subscription.close());

      const third: number[] = [];
      await second.subscribe<number>(topic, options, (number) => void third.push(number));
      await publisher.publish(topic, 6, oneKey());
      await scene.eventually("what is new is handled", () => third.includes(6));
      await scene.stays(
        "and nothing else, as every hole is closed",
        () => third.length === 1,
        () => third,
      );
    },
  },
  {
    id: "C11",
    title:
      "an acknowledgement that cannot be written shows: its message comes again and says so, or the acknowledgement is made good; nothing is lost",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    facility: "link",
    deadlines: 12,
    driver: async (scene) => {
      const link = await scene.link();
      const [topic, group] = [scene.topic("unheard"), scene.group("unheard")];
      const broker = await scene.unopenedOver(link, "member");
      await scene.within("the broker opens", broker.open());
      const failed = failuresOf(broker);
      const first = await gather(broker, scene.member("member"), topic, group);
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, topic, [0, 10], oneKey);
      await scene.eventually("every message arrives", () => first.deliveries.length === 10, first.numbers);

      link.swallow();
      for (const delivery of first.deliveries.slice(0, 5)) delivery.settle("ack");
      await scene.stays("nothing comes of what is said into a silence", () => first.deliveries.length === 10);
      first.acknowledge();
      link.sever();
      await publishNumbered(publisher, topic, [10, 11], oneKey);
      await scene.recovers("the subscription is back", () => first.numbers().includes(10), first.numbers);
      const again = (): readonly Delivery[] => first.deliveries.slice(10);
      const times = (id: string | undefined): number =>
        first.deliveries.filter(({ record }) => record.id === id).length;
      await scene.eventually(
        "what nobody had settled comes again",
        () => first.deliveries.slice(5, 10).every(({ record }) => times(record.id) > 1),
        first.numbers,
      );
      const said = (wanted: string | undefined): number =>
        failed.filter(({ delivery }) => delivery.record.id === wanted).length;
      await scene.eventually(
        "what is said to have failed comes again, as often as that is said",
        () => failed.every(({ delivery: { record } }) => times(record.id) > said(record.id)),
        first.numbers,
      );
      await scene.stays("and nothing that was acknowledged since", () => again().length <= 11, first.numbers);
      assert.deepEqual(
        again().filter(({ record, redelivered }) => !redelivered && numberIn(record) < 10),
        [],
        "what comes again says so",
      );
      assert.ok(
        first.deliveries.slice(0, 10).every(({ stale }) => stale),
        "what was out before the cut is stale",
      );
      await scene.within("the process closes", broker.close());

      const next = await gather(await scene.broker("member"), scene.member("member"), topic, group);
      next.acknowledge();
      await publishNumbered(publisher, topic, [11, 12], oneKey);
      await scene.eventually("the next process gets what is new", () => next.numbers().includes(11), next.numbers);
      await scene.stays(
        "no message whose acknowledgement was not heard is left for it without a word",
        () => next.deliveries.length === 1,
        next.numbers,
      );
    },
    bus: async (scene) => {
      const link = await scene.link();
      const topic = scene.topic("unheard");
      const options = { group: scene.group("unheard"), order: "none", concurrency: 5, deadLetter: false } as const;
      const broker = await scene.unopenedOver(link, "member");
      const failed = failuresOf(broker);
      const bus = await scene.busOver(broker, "member");
      const runs: { number: number; id: string; attempt: number; redelivered: boolean }[] = [];
      let ended = 0;
      const gate = scene.gate();
      await bus.subscribe<Uint8Array>(topic, options, async (body, { id, attempt, redelivered }) => {
        runs.push({ number: numberIn({ body }), id, attempt, redelivered });
        await gate.passed();
        ended++;
      });
      const publisher = await scene.bus("publisher");
      const publish = (numbers: readonly [number, number]): Promise<void> =>
        publishNumbered(new BusClient(publisher), topic, numbers, oneKey);
      await publish([0, 5]);
      await scene.eventually("every handler is at work", () => runs.length === 5);
      link.swallow();
      gate.open();
      await scene.eventually("every handler ends", () => ended === 5);
      await scene.stays("nothing comes of what is said into a silence", () => runs.length === 5);
      link.sever();
      await publish([5, 6]);
      const seen = (): unknown => runs;
      await scene.recovers("the subscription is back", () => runs.some(({ number }) => number === 5), seen);
      await scene.recovers(
        "and well",
        () => bus.health().status === "ok",
        () => bus.health(),
      );
      await scene.stays("each message is run once more at the most", () => runs.length <= 11, seen);
      const again = runs.slice(5).filter(({ number }) => number < 5);
      assert.ok(
        again.every(({ redelivered, attempt }) => redelivered && attempt === 1),
        "what is run again knows that it was handed out before, and has lost no attempt",
      );
      const told = new Set(failed.map(({ delivery }) => delivery.record.id));
      assert.deepEqual(
        again.filter(({ id }) => told.has(id)),
        [],
        "what the bus was told of is acknowledged when it comes again, without another run",
      );
      await scene.within("the process closes", bus.close());

      const next: number[] = [];
      const later = await scene.bus("member");
      await later.subscribe<Uint8Array>(topic, options, (body) => void next.push(numberIn({ body })));
      await publish([6, 7]);
      await scene.eventually("the next process gets what is new", () => next.includes(6));
      await scene.stays(
        "no message whose acknowledgement was not heard is left for it without a word",
        () => next.length === 1,
        () => next,
      );
    },
  },
];

type Failure = Extract<BrokerStatus, { readonly type: "settlement-failed" }>;

/** Every acknowledgement that the driver says could not be written. */
function failuresOf(broker: Broker): readonly Failure[] {
  const failures: Failure[] = [];
  broker.onStatus((status) => {
    if (status.type === "settlement-failed" && status.outcome === "ack") failures.push(status);
  });
  return failures;
}

interface Gathering {
  readonly deliveries: readonly Delivery[];
  readonly numbers: () => number[];
  /** Acknowledges what comes from now on. */
  acknowledge(): void;
}

/** Subscribes as a member of a group, and settles nothing unless told to. */
async function gather(broker: Broker, member: string, topic: string, group: string): Promise<Gathering> {
  const deliveries: Delivery[] = [];
  let acknowledging = false;
  await broker.subscribe(subscribeRequest(member, topic, { group, maxInFlight: 64 }), (delivery) => {
    deliveries.push(delivery);
    if (acknowledging) delivery.settle("ack");
  });
  return {
    deliveries,
    numbers: () => deliveries.map(({ record }) => numberIn(record)),
    acknowledge: () => {
      acknowledging = true;
    },
  };
}
