/* oxlint-disable unicorn/no-thenable -- objects that are awaited by accident are what this is about. */
import { afterEach, expect, it } from "vitest";
import { connect, Reject } from "../../src/index.ts";
import type { Bus } from "../../src/index.ts";

const harm = (): never => {
  throw new Error("made to do harm");
};
const traps = { get: harm, getPrototypeOf: harm, has: harm, ownKeys: harm };
const thenName = "then";

/** What may be thrown, and throws itself when it is looked at. */
const thrown: readonly (readonly [string, () => unknown])[] = [
  ["undefined", () => undefined],
  ["a symbol", () => Symbol("a")],
  ["a frozen object", () => Object.freeze({})],
  ["an object without a prototype", () => Object.create(null)],
  ["an object whose toString throws", () => ({ toString: harm, [Symbol.toPrimitive]: harm })],
  ["an error whose message throws", () => Object.defineProperty(new Error("a"), "message", { get: harm })],
  ["an error whose message is a symbol", () => Object.assign(new Error("a"), { message: Symbol("a") })],
  ["a Reject whose message is a symbol", () => Object.assign(new Reject("a"), { message: Symbol("a") })],
  ["a proxy that throws", () => new Proxy({}, traps)],
];

const opened: Bus[] = [];
let count = 0;

async function open(): Promise<Bus> {
  const bus = await connect({
    service: "bad",
    brokers: { main: `memory://bad-handlers-${count++}` },
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  opened.push(bus);
  return bus;
}

afterEach(async () => void (await Promise.all(opened.splice(0).map((bus) => bus.close()))));

const once = { retry: { attempts: 1 } };

it.each(thrown)("%s is a failure like any other: the message is dead, and the next one is handled", async (_, make) => {
  const bus = await open();
  const good: unknown[] = [];
  await bus.subscribe("a", { group: "g", ...once }, (payload) => {
    if (payload === "bad") throw make();
    good.push(payload);
  });
  await bus.publish("a", "bad");
  await bus.publish("a", "good");
  await expect.poll(() => good).toEqual(["good"]);
  await expect.poll(() => bus.health().subscriptions[0]?.deadLettered).toBe(1);
  const letters = [];
  for await (const letter of bus.deadLetters("g").list()) letters.push(letter.error);
  expect(letters).toEqual([expect.any(String)]);
  expect(bus.health().status).toBe("ok");
});

it.each(thrown)("%s fails a batch, whose messages are dead", async (_, make) => {
  const bus = await open();
  await bus.subscribeBatch("a", { group: "g", maxSize: 2, maxWaitMs: 5, ...once }, () => {
    throw make();
  });
  await bus.publishBatch("a", [{ payload: 1 }, { payload: 2 }]);
  await expect.poll(() => bus.health().subscriptions[0]?.deadLettered).toBe(2);
});

it.each(thrown)("%s rejects a request with the error of the other side, at once", async (_, make) => {
  const bus = await open();
  await bus.respond("a", () => {
    throw make();
  });
  await expect(bus.request("a", 1, { timeoutMs: 5_000 })).rejects.toMatchObject({ code: "BUSBAR_REMOTE" });
});

type Then = (resolve: () => void, reject: (error: unknown) => void) => void;
const returned: readonly (readonly [string, () => unknown, "handled" | "deadLettered"])[] = [
  ["whose then throws when it is read", () => Object.defineProperty({}, thenName, { get: harm }), "deadLettered"],
  ["that is a proxy that throws", () => new Proxy({}, traps), "deadLettered"],
  ["whose then throws", () => ({ [thenName]: harm }), "deadLettered"],
  ["that settles twice", () => ({ [thenName]: ((resolve, reject) => (resolve(), reject(1))) as Then }), "handled"],
  ["that throws after it settled", () => ({ [thenName]: ((resolve) => (resolve(), harm())) as Then }), "handled"],
  ["that is a promise with a then of its own", () => Object.assign(Promise.resolve(), { [thenName]: harm }), "handled"],
  ["that is a function with a then", () => Object.assign(() => 1, { [thenName]: harm }), "deadLettered"],
];

it.each(returned)("a handler that returns something %s ends once, as await would have it", async (_, make, fate) => {
  const bus = await open();
  await bus.subscribe("a", { group: "g", ...once }, (payload) => (payload === "bad" ? make() : undefined));
  await bus.publish("a", "bad");
  await bus.publish("a", "good");
  const dead = Number(fate === "deadLettered");
  await expect
    .poll(() => bus.health().subscriptions[0])
    .toMatchObject({ handled: 2 - dead, deadLettered: dead, running: 0, waiting: 0 });
});

it("settling by hand with what is no text and no time ends the message, and breaks nothing", async () => {
  const bus = await open();
  await bus.subscribe("a", { group: "g", settle: "manual", ...once }, (payload, message) => {
    if (payload === "reject") message.reject(Symbol("a") as never);
    else if (payload === "retry") message.retryLater(Symbol("a") as never);
    else message.ack();
  });
  for (const payload of ["reject", "retry", "ack"]) await bus.publish("a", payload);
  await expect.poll(() => bus.health().subscriptions[0]).toMatchObject({ handled: 1, deadLettered: 2 });
});
