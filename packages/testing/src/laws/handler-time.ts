import assert from "node:assert/strict";
import type { Delivery } from "@busbar/core/contract";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { publishNumbered, range } from "../numbered.ts";
import { theDeadLetter } from "../scene/dead-letters.ts";
import { joinGroup } from "../scene/group-member.ts";
import { overLeases } from "../scene/over-leases.ts";

/** C16 and D11: handlers that take longer than the server, or their subscription, likes to wait. */
export const handlerTimeLaws: readonly Law[] = [
  {
    id: "C16",
    title: "a handler that takes several times as long as the server waits for a sign of life is not run twice",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce"],
    uses: ["lease"],
    deadlines: 8,
    driver: async (scene) => {
      const { leaseMs } = scene;
      let held: Delivery | undefined;
      const take = (delivery: Delivery, number: number): void => {
        if (number === 0) held ??= delivery;
        else delivery.settle("ack");
      };
      const members = [
        await joinGroup(scene, "member-1", { take, leaseMs }),
        await joinGroup(scene, "member-2", { take, leaseMs }),
      ];
      const [{ topic }] = members as [(typeof members)[0]];
      const numbers = (): readonly number[] => members.flatMap((member) => member.numbers());
      const publisher = await scene.driverClient("publisher");
      await publishNumbered(publisher, topic, [0, 5], (index) => ({ key: `key-${index}` }));
      await scene.eventually("every message arrives", () => numbers().length === 5, numbers);
      await overLeases(
        scene,
        "what is still being handled goes to nobody again",
        () => numbers().length === 5,
        numbers,
      );
      held?.settle("ack");
      for (const member of members) await scene.within("a process closes", member.close());
      const next = await joinGroup(scene, "member-1", { take, leaseMs });
      const other = await joinGroup(scene, "member-2", { take, leaseMs });
      await publishNumbered(publisher, topic, [5, 6]);
      const later = (): readonly number[] => [...next.numbers(), ...other.numbers()];
      await scene.eventually("what is new arrives", () => later().includes(5), later);
      await scene.stays("an acknowledgement counts however late it is", () => later().length === 1, later);
    },
    bus: async (scene) => {
      const { leaseMs } = scene;
      const [topic, gate] = [scene.topic("slow"), scene.gate()];
      const options = { group: scene.group("slow"), concurrency: 2, deadLetter: false } as const;
      const begun: number[] = [];
      const ended: number[] = [];
      for (const name of ["member-1", "member-2"]) {
        const bus = await scene.bus(name, { leaseMs });
        await bus.subscribe<number>(topic, options, async (number) => {
          begun.push(number);
          if (number === 0) await gate.passed();
          ended.push(number);
        });
      }
      const publisher = await scene.bus("publisher");
      const publish = (numbers: readonly number[]): Promise<unknown> =>
        Promise.all(numbers.map((number) => publisher.publish(topic, number, { key: `key-${number}` })));
      await publish(range(0, 5));
      await scene.eventually("the slow handler is at work, and the others have ended", () => ended.length === 4);
      const seen = (): unknown => begun;
      await overLeases(scene, "what is still being handled is not run again", () => begun.length === 5, seen);
      await publish(range(5, 10));
      await scene.eventually("others are handled as before", () => ended.length === 9, seen);
      gate.open();
      await scene.eventually("the slow handler ends", () => ended.includes(0));
      await scene.stays("and was run once", () => begun.length === 10, seen);
    },
  },
  {
    id: "D11",
    title:
      "a handler that hangs is told so in time, has failed, and takes neither its subscription nor its slot with it",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce", "deadLetters"],
    deadlines: 6,
    bus: async (scene) => {
      const handlerTimeoutMs = 3 * scene.quietMs;
      const [topic, group, gate] = [scene.topic("hangs"), scene.group("hangs"), scene.gate()];
      const bus = await scene.bus("main");
      const runs: { payload: string; attempt: number }[] = [];
      const publishedAt = new Map<string, number>();
      const told: { payload: string; reason: unknown; isEarly: boolean }[] = [];
      const options = { group, concurrency: 3, handlerTimeoutMs, retry: { attempts: 2, backoffMs: 1 } };
      const subscription = await bus.subscribe<string>(topic, options, async (payload, { attempt, signal }) => {
        runs.push({ payload, attempt });
        if (payload !== "polite" && (payload !== "deaf" || attempt > 1)) return;
        await new Promise<void>((resolve, reject) => {
          signal.addEventListener("abort", () => {
            // Since it was published, as each run before has taken all of its time. A timer may be a millisecond early.
            const age = performance.now() - (publishedAt.get(payload) ?? 0);
            told.push({ payload, reason: signal.reason, isEarly: age < attempt * (handlerTimeoutMs - 2) });
            if (payload === "polite") reject(signal.reason as Error);
          });
          // The deaf one goes on as if nothing had happened, and ends well much later.
          void gate.passed().then(resolve);
        });
      });
      const publish = (payload: string): Promise<unknown> => {
        publishedAt.set(payload, performance.now());
        return bus.publish(topic, payload, { key: payload });
      };
      const attempts = (wanted: string): readonly number[] =>
        runs.filter(({ payload }) => payload === wanted).map(({ attempt }) => attempt);
      const seen = (): unknown => runs;

      await publish("polite");
      await publish("deaf");
      const letter = await theDeadLetter(scene, bus, group);
      assert.equal(letter.reason, "attempts-exhausted", "to hang is to fail, as often as the policy says");
      assert.match(letter.error, new RegExp(`longer than ${handlerTimeoutMs} ms`), "and the dead letter says how");
      assert.deepEqual(attempts("polite"), [1, 2], "one that gives up when it is told to is run again");
      await scene.eventually("one that does not is told all the same", () => told.length >= 3);
      assert.ok(
        told.every(({ reason }) => BusError.is(reason) && reason.code === "BUSBAR_TIMEOUT"),
        "it is told the reason as a typed error",
      );
      assert.ok(
        told.every(({ isEarly }) => !isEarly),
        "nobody is told before the time is over",
      );

      for (const number of range(0, 5)) await publish(`other-${number}`);
      await scene.eventually(
        "the subscription goes on with the slots that are left",
        () => range(0, 5).every((number) => attempts(`other-${number}`).length === 1),
        seen,
      );
      await scene.stays("nothing is run again while it still runs", () => attempts("deaf").length === 1, seen);
      gate.open();
      await scene.eventually(
        "ending well after its time is a failure too, and its message is run again",
        () => attempts("deaf").length === 2,
        seen,
      );
      await scene.stays("and then is handled", () => runs.length === 9, seen);
      const { failed, handled, deadLettered, abandoned } = subscription.health();
      assert.deepEqual(
        { failed, handled, deadLettered, abandoned },
        { failed: 3, handled: 6, deadLettered: 1, abandoned: 0 },
        "each of it is counted",
      );
    },
  },
];
