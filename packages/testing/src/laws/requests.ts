import assert from "node:assert/strict";
import type { Bus } from "@busbar/core";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { range } from "../numbered.ts";
import type { Scene } from "../scene/scene.ts";

/** I7: requests and their answers. */
export const requestLaws: readonly Law[] = [
  {
    id: "I7",
    title: "each request gets its own answer, the error of its handler, or a typed error in time",
    everywhere: false,
    needs: ["replies"],
    deadlines: 6,
    bus: async (scene) => {
      const topic = scene.topic("asked");
      await startResponder(scene, topic);
      const askers = [await scene.bus("asker-1"), await scene.bus("asker-2")];
      // The first request waits for everything that is made once; what follows can be held to a bound.
      for (const asker of askers)
        assert.equal(await ask(scene, asker, topic, { double: 21 }), 42, "a request gets its answer");
      const answers = await Promise.all(
        range(0, 40).map((number) => ask(scene, askers[number % 2] as Bus, topic, { double: number })),
      );
      assert.deepEqual(
        answers,
        range(0, 40).map((number) => 2 * number),
        "requests that are made at the same time each get their own answer",
      );
      const [asker] = askers as [Bus, Bus];
      await assert.rejects(
        ask(scene, asker, topic, { fail: "no such order" }),
        (error: unknown) =>
          BusError.is(error) && error.code === "BUSBAR_REMOTE" && error.message.includes("no such order"),
        "the error of a handler comes back to whoever asked",
      );
      await assert.rejects(
        scene.within("a request that nobody answers ends", asker.request(topic, {}, { timeoutMs: scene.quietMs })),
        (error: unknown) => BusError.is(error) && error.code === "BUSBAR_TIMEOUT",
        "a request that is not answered in time is a timeout",
      );
      const caller = new AbortController();
      const reason = new Error("the caller has changed its mind");
      const canceled = assert.rejects(
        scene.within("a request whose signal aborts ends", asker.request(topic, {}, { signal: caller.signal })),
        (error: unknown) => BusError.is(error) && error.code === "BUSBAR_CANCELED" && error.cause === reason,
        "a request whose signal aborts is canceled",
      );
      caller.abort(reason);
      await canceled;
      assert.equal(await ask(scene, asker, topic, { double: 4 }), 8, "and the next request is answered as before");
    },
  },
];

interface Question {
  readonly double?: number;
  readonly fail?: string;
}

/** Answers questions, later ones often before earlier ones; one that asks nothing is never answered. */
async function startResponder(scene: Scene, topic: string): Promise<void> {
  const responder = await scene.bus("responder");
  const never = scene.gate();
  const options = { group: scene.group("responders"), concurrency: 64 };
  await responder.respond<Question>(topic, options, async ({ double, fail }) => {
    if (fail !== undefined) throw new RangeError(fail);
    if (double === undefined) return never.passed();
    for (let turn = 0; turn < (double * 5) % 7; turn++) await new Promise((resolve) => void setImmediate(resolve));
    return 2 * double;
  });
}

function ask(scene: Scene, bus: Bus, topic: string, question: Question): Promise<unknown> {
  return scene.within("the request is answered", bus.request(topic, question, { timeoutMs: scene.deadlineMs }));
}
