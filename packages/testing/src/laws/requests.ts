import assert from "node:assert/strict";
import type { Bus } from "@busbar/core";
import { BusError } from "@busbar/core/driver";
import type { BusErrorCode } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { range } from "../numbered.ts";
import type { Scene } from "../scene/scene.ts";

/** How long a request waits that nobody can answer, where the broker cannot tell so at once, in milliseconds. */
const longestMs = 2_000;

/** I7: requests and their answers. */
export const requestLaws: readonly Law[] = [
  {
    id: "I7",
    title:
      "each request gets its own answer, the error of its handler, or a typed error in time, and is never executed late",
    everywhere: false,
    needs: ["replies"],
    deadlines: 10,
    bus: async (scene) => {
      const topic = scene.topic("asked");
      await startResponder(scene, topic);
      const askers = [await scene.bus("asker-1"), await scene.bus("asker-2")] as const;
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
      const [asker] = askers;
      await failuresComeBack(scene, asker, topic);
      assert.equal(await ask(scene, asker, topic, { double: 4 }), 8, "and the next request is answered as before");
      await nothingIsExecutedLate(scene, asker);
      await longHandlersAreEnded(scene, asker);
      await nobodyResponds(scene, asker);
    },
  },
];

interface Question {
  readonly double?: number;
  readonly fail?: string;
  /** Asks for what no answer can carry. */
  readonly odd?: true;
}

/** Answers questions, later ones often before earlier ones; one that asks nothing is never answered. */
async function startResponder(scene: Scene, topic: string): Promise<void> {
  const responder = await scene.bus("responder");
  const never = scene.gate();
  const options = { group: scene.group("responders"), concurrency: 64 };
  await responder.respond<Question>(topic, options, async ({ double, fail, odd }) => {
    if (fail !== undefined) throw new RangeError(fail);
    if (odd === true) return 42n;
    if (double === undefined) return never.passed();
    for (let turn = 0; turn < (double * 5) % 7; turn++) await new Promise((resolve) => void setImmediate(resolve));
    return 2 * double;
  });
}

async function failuresComeBack(scene: Scene, asker: Bus, topic: string): Promise<void> {
  await assert.rejects(
    ask(scene, asker, topic, { fail: "no such order" }),
    (error: unknown) => hasCode(error, "BUSBAR_REMOTE") && error.message.includes("no such order"),
    "the error of a handler comes back to whoever asked",
  );
  await assert.rejects(
    ask(scene, asker, topic, { odd: true }),
    (error: unknown) => hasCode(error, "BUSBAR_REMOTE") && error.message.includes("cannot be written as JSON"),
    "an answer that cannot be encoded is an error of the handler's",
  );
  await assert.rejects(
    scene.within("a request that nobody answers ends", asker.request(topic, {}, { timeoutMs: scene.quietMs })),
    (error: unknown) => hasCode(error, "BUSBAR_TIMEOUT"),
    "a request that is not answered in time is a timeout",
  );
  const caller = new AbortController();
  const reason = new Error("the caller has changed its mind");
  const canceled = assert.rejects(
    scene.within("a request whose signal aborts ends", asker.request(topic, {}, { signal: caller.signal })),
    (error: unknown) => hasCode(error, "BUSBAR_CANCELED") && error.cause === reason,
    "a request whose signal aborts is canceled",
  );
  caller.abort(reason);
  await canceled;
}

/** A request that has to wait for another one until nobody waits for it any more is not executed then. */
async function nothingIsExecutedLate(scene: Scene, asker: Bus): Promise<void> {
  const topic = scene.topic("busy");
  const responder = await scene.bus("busy-responder");
  const busy = scene.gate();
  const executed: number[] = [];
  await responder.respond<number>(topic, { group: scene.group("busy"), concurrency: 1 }, async (number) => {
    executed.push(number);
    await busy.passed();
    return number;
  });
  const first = ask(scene, asker, topic, 1);
  await scene.eventually("the responder is at work", () => executed.length === 1);
  await assert.rejects(
    scene.within("a request behind it ends", asker.request(topic, 2, { timeoutMs: scene.quietMs })),
    (error: unknown) => hasCode(error, "BUSBAR_TIMEOUT"),
    "a request that waits for another is a timeout in time",
  );
  const third = ask(scene, asker, topic, 3);
  busy.open();
  assert.deepEqual(await Promise.all([first, third]), [1, 3], "those that are waited for are answered");
  await scene.stays(
    "a request for which nobody waits any more is not executed",
    () => !executed.includes(2),
    () => executed,
  );
}

/** A handler that takes too long is an error in time, and what it gives later is nobody's answer. */
async function longHandlersAreEnded(scene: Scene, asker: Bus): Promise<void> {
  const topic = scene.topic("long");
  const responder = await scene.bus("long-responder");
  const long = scene.gate();
  const options = { group: scene.group("long"), concurrency: 1, handlerTimeoutMs: scene.quietMs };
  await responder.respond<number>(topic, options, async (number) => {
    if (number === 1) await long.passed();
    return number;
  });
  await assert.rejects(
    ask(scene, asker, topic, 1),
    (error: unknown) => hasCode(error, "BUSBAR_REMOTE") && error.message.includes("longer than"),
    "a handler that takes longer than it may is an error to whoever asked",
  );
  const next = ask(scene, asker, topic, 2);
  long.open();
  assert.equal(await next, 2, "and the next request gets its own answer");
}

/** Where nobody responds the caller is told: at once where the broker can tell, in time everywhere. */
async function nobodyResponds(scene: Scene, asker: Bus): Promise<void> {
  const timeoutMs = Math.min(longestMs, scene.deadlineMs / 2);
  const asked = asker.request(scene.topic("nobody"), 1, { timeoutMs });
  const error = await scene.within(
    "a request that nobody can answer ends",
    asked.then(
      () => assert.fail("nobody has answered"),
      (failure: unknown) => failure,
    ),
  );
  if (hasCode(error, "BUSBAR_NO_SUBSCRIBER")) return;
  assert.ok(!scene.can("routing"), `the caller is told at once that nobody responds, not ${String(error)}`);
  assert.ok(hasCode(error, "BUSBAR_TIMEOUT"), `where nobody responds the request is a timeout, not ${String(error)}`);
  scene.note("the broker cannot tell that nobody responds, so such a request is a timeout");
}

function hasCode(error: unknown, code: BusErrorCode): error is BusError {
  return BusError.is(error) && error.code === code;
}

function ask(scene: Scene, bus: Bus, topic: string, question: unknown): Promise<unknown> {
  return scene.within("the request is answered", bus.request(topic, question, { timeoutMs: scene.deadlineMs }));
}
