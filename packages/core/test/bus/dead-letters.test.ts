import { afterEach, describe, expect, it } from "vitest";
import { connect, memory, MemoryBroker, Reject } from "../../src/index.ts";
import type { Bus, BusConfig, DeadLetter, DeadLetters } from "../../src/index.ts";
import type { EffectiveCapabilities } from "../../src/contract/index.ts";

let count = 0;
const open: Bus[] = [];

/** A broker whose server keeps no dead letters. */
class Forgetful extends MemoryBroker {
  override async open(): Promise<EffectiveCapabilities> {
    const effective = await super.open();
    return { ...effective, supports: { ...effective.supports, deadLetters: "unsupported" } };
  }
}

function broker(): MemoryBroker {
  return memory({ url: `memory://dead-letters-${++count}` });
}

/** A bus on the brokers `edge`, which comes first, and `log`. */
async function twoBrokers(more: Partial<BusConfig> = {}): Promise<Bus> {
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const bus = await connect({ service: "shop", brokers: { edge: broker(), log: broker() }, logger, ...more });
  open.push(bus);
  return bus;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close()));
});

async function topicsOf(letters: DeadLetters): Promise<string[]> {
  const topics: string[] = [];
  for await (const { topic } of letters.list()) topics.push(topic);
  return topics;
}

/** Rejects every message until it is mended. */
function broken() {
  const handled: string[] = [];
  const state = { mended: false, handled };
  const handler = (payload: unknown, { topic, broker: name }: { topic: string; broker: string }): void => {
    if (!state.mended) throw new Reject("broken for now");
    handled.push(`${String(payload)} ${topic} ${name}`);
  };
  return { state, handler };
}

const dead = (bus: Bus): number => bus.health().subscriptions.reduce((sum, { deadLettered }) => sum + deadLettered, 0);

describe("what nobody could handle", () => {
  it("is said once for each message, with why, since a service that only throws would look idle otherwise", async () => {
    const warnings: string[] = [];
    const logger = { info: () => undefined, warn: (text: string) => void warnings.push(text), error: () => undefined };
    const bus = await twoBrokers({ logger });
    const fail = (): never => {
      throw new TypeError("x is not a function");
    };
    await bus.subscribe("order.*", { group: "billing", retry: { attempts: 2, backoffMs: 0 } }, fail);
    await bus.subscribe("order.*", { group: "rest", deadLetter: { topic: "failed" }, retry: { attempts: 1 } }, fail);
    const { id } = await bus.publish("order.new", 1);
    await expect.poll(() => dead(bus)).toBe(2);
    expect(warnings.toSorted()).toEqual([
      `Dead letter in "billing": order.new ${id} (attempts-exhausted, runs: 2): TypeError: x is not a function`,
      `Dead letter in "failed": order.new ${id} (attempts-exhausted, runs: 1): TypeError: x is not a function`,
    ]);
  });
});

describe("dead letters of a bus on several brokers", () => {
  it("are found wherever the message came from, and on one broker where that is asked for", async () => {
    const bus = await twoBrokers({ routes: { "order.**": "log" } });
    const { state, handler } = broken();
    await bus.subscribe("order.*", { group: "billing" }, handler);
    await bus.subscribe("sensor.*", { group: "billing" }, handler);
    await bus.publish("order.new", 1);
    await bus.publish("order.old", 2);
    await bus.publish("sensor.kitchen", 3);
    await expect.poll(() => dead(bus)).toBe(3);
    const letters = bus.deadLetters("billing");
    expect(await topicsOf(letters)).toEqual(["sensor.kitchen", "order.new", "order.old"]);
    expect(await topicsOf(bus.deadLetters("billing", { broker: "log" }))).toEqual(["order.new", "order.old"]);
    expect(await bus.deadLetters("billing", { broker: "edge" }).drop(({ topic }) => topic === "order.old")).toBe(0);
    expect(await letters.drop(({ topic }) => topic === "order.old")).toBe(1);
    state.mended = true;
    expect(await letters.replay()).toBe(2);
    await expect.poll(() => state.handled.toSorted()).toEqual(["1 order.new log", "3 sensor.kitchen edge"]);
    expect(await topicsOf(letters)).toEqual([]);
  });

  it("go back to the broker that a subscription has chosen itself, over the routes", async () => {
    const bus = await twoBrokers();
    const { state, handler } = broken();
    await bus.subscribe("order.*", { group: "billing", broker: "log" }, handler);
    await bus.publish("order.new", 1, { broker: "log" });
    await expect.poll(() => dead(bus)).toBe(1);
    state.mended = true;
    expect(await bus.deadLetters("billing").replay()).toBe(1);
    await expect.poll(() => state.handled).toEqual(["1 order.new log"]);
  });

  it.each([{}, { broker: "log" }])(
    "go back to where the message came from, also where they were kept elsewhere: %j",
    async (options) => {
      const bus = await twoBrokers();
      const { state, handler } = broken();
      await bus.subscribe("order.*", { group: "billing", deadLetter: { broker: "log" } }, handler);
      await bus.publish("order.new", 1);
      await expect.poll(() => dead(bus)).toBe(1);
      state.mended = true;
      expect(await bus.deadLetters("billing", options).replay()).toBe(1);
      await expect.poll(() => state.handled).toEqual(["1 order.new edge"]);
    },
  );

  it("go back to the broker that they lie on, where that which they came from is none of this bus", async () => {
    const urls = { edge: `memory://dead-letters-${++count}`, log: `memory://dead-letters-${++count}` };
    const other = await twoBrokers({ brokers: { first: urls.edge, second: urls.log } });
    const { state, handler } = broken();
    await other.subscribe("order.*", { group: "billing", broker: "second" }, handler);
    await other.publish("order.new", 1, { broker: "second" });
    await expect.poll(() => dead(other)).toBe(1);
    state.mended = true;
    const bus = await twoBrokers({ brokers: urls });
    expect(await bus.deadLetters("billing").replay()).toBe(1);
    await expect.poll(() => state.handled).toEqual(["1 order.new second"]);
  });

  it("are looked for where some are kept, and refused where none are", async () => {
    const forgetful = new Forgetful(broker().native);
    const bus = await twoBrokers({ brokers: { edge: forgetful, log: broker() } });
    const { handler } = broken();
    await bus.subscribe("order.*", { group: "billing", broker: "log" }, handler);
    await bus.publish("order.new", 1, { broker: "log" });
    await expect.poll(() => dead(bus)).toBe(1);
    expect(await topicsOf(bus.deadLetters("billing"))).toEqual(["order.new"]);
    const refused = { code: "BUSBAR_UNSUPPORTED", broker: "edge", needs: [{ capability: "deadLetters" }] };
    await expect(topicsOf(bus.deadLetters("billing", { broker: "edge" }))).rejects.toMatchObject(refused);
    await expect(bus.deadLetters("billing", { broker: "edge" }).drop()).rejects.toMatchObject(refused);
    const none = await twoBrokers({ brokers: { edge: new Forgetful(broker().native) } });
    await expect(none.deadLetters("billing").replay()).rejects.toMatchObject(refused);
    expect(() => bus.deadLetters("billing", { broker: "lgo" })).toThrow(/no broker "lgo".*"edge", "log"/);
  });

  it("of a subscription without a group are those of the service", async () => {
    const bus = await twoBrokers();
    await bus.subscribe("order.*", broken().handler);
    await bus.publish("order.new", 1);
    await expect.poll(() => dead(bus)).toBe(1);
    const groups: DeadLetter["group"][] = [];
    for await (const { group } of bus.deadLetters().list()) groups.push(group);
    expect(groups).toEqual(["shop"]);
  });
});
