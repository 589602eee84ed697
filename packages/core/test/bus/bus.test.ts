import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { z } from "zod";
import { Bus, checkPortability, memory, MemoryBroker, Reject, topic, UnsupportedError } from "../../src/index.ts";
import type { BusSettings, MemoryNativeClient, Message, SubscribeOptions } from "../../src/index.ts";
import type { BrokerStatus, CapabilityName, EffectiveCapabilities, OutboundRecord } from "../../src/contract/index.ts";
import { parseFilter } from "../../src/topic/grammar.ts";
import { brokersOf, settingsOn } from "./bus-settings.ts";

let count = 0;
const open: Bus[] = [];

async function makeBus(
  more: Partial<BusSettings> = {},
  folds: Record<string, string> = {},
): Promise<Bus & { warnings: string[] }> {
  const warnings: string[] = [];
  const broker = memory({ url: `memory://bus-test-${++count}` });
  const folded = Object.entries(folds).map(([pattern, target]) => ({ pattern: parseFilter(pattern), target }));
  const bus = new Bus(
    settingsOn(broker, {
      brokers: brokersOf(broker, folded),
      logger: {
        info: () => undefined,
        warn: (text) => void warnings.push(text),
        error: (text) => void warnings.push(text),
      },
      ...more,
    }),
  );
  open.push(bus);
  await bus.open();
  return Object.assign(bus, { warnings });
}

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((bus) => bus.close()));
});

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Collects messages, and resolves once there are as many as asked for. */
function collector() {
  const seen: { readonly payload: unknown; readonly message: Message }[] = [];
  const waiting: { readonly size: number; readonly resolve: () => void }[] = [];
  return {
    seen,
    handler: (payload: unknown, message: Message): void => {
      seen.push({ payload, message });
      for (const { size, resolve } of waiting) if (seen.length >= size) resolve();
    },
    size: (size: number) =>
      new Promise<void>((resolve) => (seen.length >= size ? resolve() : waiting.push({ size, resolve }))),
  };
}

/** The broker in memory on a server that may do less than the driver declares, and that may come back as another one. */
class LesserBroker extends MemoryBroker {
  lacks: readonly CapabilityName[] = [];
  /** How many unconfirmed publishes. */
  takes = 100;
  /** Until when it is not there. */
  away: Promise<unknown> = Promise.resolve();
  readonly #listeners: ((status: BrokerStatus) => void)[] = [];

  constructor() {
    super(memory({ url: `memory://lesser-${++count}` }).native);
  }

  override async open(): Promise<EffectiveCapabilities> {
    await this.away;
    return this.#lesser(await super.open());
  }

  #lesser(effective: EffectiveCapabilities): EffectiveCapabilities {
    const lacking = Object.fromEntries(this.lacks.map((capability) => [capability, "unsupported"]));
    return { ...effective, supports: { ...effective.supports, ...lacking } };
  }

  override onStatus(listener: (status: BrokerStatus) => void): () => void {
    this.#listeners.push(listener);
    return super.onStatus(listener);
  }

  goAway(error: Error): void {
    for (const listener of this.#listeners) listener({ type: "disconnected", error });
  }

  comeBack(): void {
    const supports = memory({ url: "memory:" }).declared;
    const limits = { maxInFlight: this.takes };
    const effective = this.#lesser({ product: "memory", version: "2", supports, limits, warnings: [] });
    for (const listener of this.#listeners) listener({ type: "connected", effective });
  }
}

describe("a connection that is lost", () => {
  it("is said once, and so is its end", async () => {
    const broker = new LesserBroker();
    const said: string[] = [];
    const logger = {
      info: (text: string) => void said.push(`info ${text}`),
      warn: (text: string) => void said.push(`warn ${text}`),
      error: (text: string) => void said.push(`error ${text}`),
    };
    await makeBus({ brokers: brokersOf(broker), logger });
    for (const _ of [1, 2]) broker.goAway(new Error("The socket was closed."));
    for (const _ of [1, 2]) broker.comeBack();
    expect(said).toEqual([
      'warn Broker "main" is not connected any more, and will be again by itself: The socket was closed.',
      'info Broker "main" is connected again.',
    ]);
  });
});

describe("what the server does less than the driver declares", () => {
  it("is refused as well where the bus starts in the background, before anything is subscribed", async () => {
    const broker = new LesserBroker();
    broker.lacks = ["deadLetters", "durable"];
    let come: () => void = () => undefined;
    broker.away = new Promise<void>((resolve) => (come = resolve));
    const bus = await makeBus({ start: "background", brokers: brokersOf(broker) });
    const subscription = await bus.subscribe("a", { group: "g" }, () => undefined);
    come();
    const error: unknown = await subscription.ready.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect((error as UnsupportedError).needs.map(({ capability }) => capability)).toEqual(["durable", "deadLetters"]);
    expect(bus.health().subscriptions).toEqual([]);
  });

  it("is refused by open() where the configuration states it, all of it at once", async () => {
    const broker = new LesserBroker();
    broker.lacks = ["headers", "deadLetters"];
    const folds = [{ pattern: parseFilter("s.**"), target: "s" }];
    const policies = [
      { pattern: parseFilter("a.*"), options: { deadLetter: { broker: "main" } } },
      { pattern: parseFilter("b.*"), options: { deadLetter: { broker: "main", topic: "dead" } } },
    ];
    const brokers = brokersOf(broker).map((settings) => ({ ...settings, folds }));
    const error: unknown = await makeBus({ brokers, policies }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
      needs: [
        { capability: "headers", subject: "brokers.main.fold" },
        { capability: "deadLetters", subject: 'policies["a.*"].deadLetter' },
      ],
    });
  });

  it("is said and seen when a server comes back so, until it does what it did", async () => {
    const broker = new LesserBroker();
    const bus = await makeBus({ brokers: brokersOf(broker) });
    await bus.subscribe("a", { group: "g" }, () => undefined);
    broker.lacks = ["deadLetters"];
    broker.comeBack();
    broker.comeBack();
    expect(bus.health()).toMatchObject({
      status: "degraded",
      subscriptions: [{ state: "degraded", lastError: expect.stringContaining("dead letters") as string }],
    });
    expect(bus.warnings.filter((text) => text.includes("dead letters"))).toHaveLength(1);
    broker.lacks = [];
    broker.comeBack();
    expect(bus.health().status).toBe("ok");
  });
});

describe("the bus", () => {
  it("keeps nothing for a group that wants messages at most once, unless it is asked to", async () => {
    const bus = await makeBus();
    const away = async (options: SubscribeOptions): Promise<unknown[]> => {
      const name = `away${++count}`;
      await (await bus.subscribe(name, { group: "g", ...options }, () => undefined)).close();
      await bus.publish(name, "while away");
      const { seen, handler, size } = collector();
      await bus.subscribe(name, { group: "g", ...options }, handler);
      await bus.publish(name, "back");
      await size(1);
      return [seen[0]?.payload];
    };
    expect(await away({ delivery: "at-most-once" })).toEqual(["back"]);
    expect(await away({ delivery: "at-most-once", durable: true })).toEqual(["while away"]);
    expect(await away({})).toEqual(["while away"]);
    expect(await away({ durable: false })).toEqual(["back"]);
  });

  it("moves a typed payload from publish to handler, with parameters, key and headers", async () => {
    const bus = await makeBus();
    const temperature = topic("sensor.{room}.temperature", {
      schema: z.object({ celsius: z.number(), sensorId: z.string() }),
      key: (reading) => reading.sensorId,
    });
    const { seen, handler, size } = collector();
    await bus.subscribe(temperature, (reading, message) => {
      const celsius: number = reading.celsius;
      const room: string = message.params.room;
      handler({ celsius, room }, message);
    });
    await bus.publish(
      temperature,
      { celsius: 21.5, sensorId: "k1" },
      { params: { room: "living room" }, headers: { unit: "C" } },
    );
    await size(1);
    expect(seen[0]?.payload).toEqual({ celsius: 21.5, room: "living room" });
    expect(seen[0]?.message).toMatchObject({
      topic: "sensor.living_x20_room.temperature",
      key: "k1",
      attempt: 1,
      broker: "main",
    });
    expect(seen[0]?.message.headers).toEqual({ unit: "C" });
  });

  it("refuses a payload that does not fit before it is sent, and buries one that arrives", async () => {
    const bus = await makeBus();
    const strict = topic("strict", { schema: z.object({ celsius: z.number() }) });
    await expect(bus.publish(strict, { celsius: "warm" } as never)).rejects.toMatchObject({
      code: "BUSBAR_VALIDATION",
    });
    const { handler } = collector();
    await bus.subscribe(strict, { group: "saver" }, handler as never);
    await bus.publish("strict", { celsius: "warm" });
    await expect.poll(() => bus.health().subscriptions[0]?.deadLettered).toBe(1);
    const letters = await collect(bus.deadLetters("saver").list());
    expect(letters[0]).toMatchObject({ reason: "invalid", topic: "strict" });
  });

  it("keeps the order of the calls where a schema takes its time, and lets none that fails hold up the rest", async () => {
    const bus = await makeBus();
    const { seen, handler, size } = collector();
    await bus.subscribe("slow", handler);
    const checks: (() => void)[] = [];
    const validate = (value: unknown) =>
      new Promise<{ value: number } | { issues: { message: string }[] }>((resolve) => {
        checks.push(() => resolve(value === 2 ? { issues: [{ message: "no" }] } : { value: value as number }));
      });
    const slow = topic("slow", {
      schema: { "~standard": { version: 1, vendor: "test", validate } },
      key: () => "k",
    });
    const first = bus.publish(slow, 1);
    const refused = bus.publish(slow, 2).catch((error: unknown) => error);
    const stuck = bus.publish(slow, 3, { timeoutMs: 50 }).catch((error: unknown) => error);
    const fourth = bus.publish(slow, 4);
    const plain = bus.publish("slow", 5, { key: "k" });
    await expect.poll(() => checks.length).toBe(4);
    checks[3]?.();
    checks[1]?.();
    expect(await stuck).toMatchObject({ code: "BUSBAR_TIMEOUT", retryable: true, topic: "slow" });
    checks[0]?.();
    await Promise.all([first, fourth, plain]);
    expect(await refused).toMatchObject({ code: "BUSBAR_VALIDATION" });
    await bus.publish("slow", 6, { key: "k" });
    await size(4);
    expect(seen.map(({ payload }) => payload)).toEqual([1, 4, 5, 6]);
  });

  it("rejects a publish in its own time that waits behind one whose schema takes longer", async () => {
    const bus = await makeBus();
    const { handler, seen, size } = collector();
    await bus.subscribe("slow", handler);
    let check = (): void => undefined;
    const validate = (value: unknown) =>
      new Promise<{ value: unknown }>((resolve) => (check = () => resolve({ value })));
    const first = bus.publish(topic("slow", { schema: { "~standard": { version: 1, vendor: "test", validate } } }), 1);
    await expect(bus.publish("slow", 2, { timeoutMs: 50 })).rejects.toMatchObject({
      code: "BUSBAR_TIMEOUT",
      retryable: true,
      topic: "slow",
    });
    check();
    await first;
    await size(1);
    expect(seen.map(({ payload }) => payload)).toEqual([1]);
  });

  it("lists, replays and drops dead letters, with their own bytes, headers, key and id", async () => {
    const bus = await makeBus();
    const { seen, handler, size } = collector();
    let broken = true;
    await bus.subscribe("order.*", { group: "billing" }, (payload, message) => {
      handler(payload, message);
      if (broken) throw new Reject("closed");
    });
    const { id } = await bus.publish("order.new", { total: 5 }, { key: "c1", headers: { shop: "x" } });
    await bus.publish("order.old", { total: 6 });
    await expect.poll(() => bus.health().subscriptions[0]?.deadLettered).toBe(2);
    broken = false;
    expect(await bus.deadLetters("billing").replay((letter) => letter.topic === "order.new")).toBe(1);
    await size(3);
    expect(seen[2]?.payload).toEqual({ total: 5 });
    expect(seen[2]?.message).toMatchObject({ id, key: "c1", topic: "order.new" });
    expect(seen[2]?.message.headers).toEqual({ shop: "x" });
    expect(await bus.deadLetters("billing").drop()).toBe(1);
    expect(await collect(bus.deadLetters("billing").list())).toEqual([]);
  });

  it("lists and drops what a foreign hand has put among the dead letters, and replays the others", async () => {
    const bus = await makeBus();
    const broker = memory({ url: `memory://bus-test-${count}` });
    await broker.open();
    const { size, handler } = collector();
    let broken = true;
    await bus.subscribe("order.*", { group: "billing" }, (payload, message) => {
      if (broken) throw new Reject("closed");
      handler(payload, message);
    });
    const foreign: OutboundRecord = {
      address: "_busbar.dlq.billing",
      topic: "_busbar.dlq.billing",
      body: new TextEncoder().encode("not one of yours"),
      headers: {},
      id: "foreign",
      timestamp: 0,
      contentType: "application/vnd.busbar.dead-letter+json",
      delivery: "at-least-once",
      sending: 1,
      publishToken: "x",
    };
    await broker.deadLetters.put("billing", "foreign", foreign);
    await bus.publish("order.new", 1);
    await expect.poll(() => bus.health().subscriptions[0]?.deadLettered).toBe(1);
    broken = false;
    const letters = await collect(bus.deadLetters("billing").list());
    expect(letters.map(({ body }) => new TextDecoder().decode(body))).toEqual(["not one of yours", "1"]);
    expect(await bus.deadLetters("billing").replay()).toBe(1);
    await size(1);
    expect(await bus.deadLetters("billing").drop(({ id }) => id === "foreign")).toBe(1);
    expect(await collect(bus.deadLetters("billing").list())).toEqual([]);
    await broker.close();
  });

  it("folds many topics into one and shows the handler no difference", async () => {
    const bus = await makeBus({}, { "sensor.**": "sensors" });
    const one = collector();
    const wide = collector();
    await bus.subscribe("sensor.*.temperature", { group: "saver" }, one.handler);
    await bus.subscribe("**", { group: "audit" }, wide.handler);
    await bus.publish("sensor.kitchen.temperature", 1);
    await bus.publish("sensor.kitchen.humidity", 2);
    await bus.publish("other", 3);
    await wide.size(3);
    expect(wide.seen.map(({ message }) => message.topic)).toEqual([
      "sensor.kitchen.temperature",
      "sensor.kitchen.humidity",
      "other",
    ]);
    expect(one.seen.map(({ message }) => [message.topic, message.key])).toEqual([
      ["sensor.kitchen.temperature", "sensor.kitchen.temperature"],
    ]);
    expect(bus.health().subscriptions[0]?.unmatched).toBe(1);
  });

  it("buries a foreign record on a fold's target whose topic nobody can tell", async () => {
    const bus = await makeBus({}, { "sensor.**": "sensors" });
    const broker = memory({ url: `memory://bus-test-${count}` });
    await broker.open();
    await bus.subscribe("sensor.*", { group: "saver" }, () => undefined);
    broker.native.publish({
      address: "sensors",
      topic: undefined as never,
      body: new Uint8Array([1]),
      headers: {},
      id: "x",
      timestamp: 0,
      contentType: "",
      delivery: "at-least-once",
      sending: 1,
      publishToken: "x",
    });
    await expect.poll(() => bus.health().subscriptions[0]?.deadLettered).toBe(1);
    const letters = await collect(bus.deadLetters("saver").list());
    expect(letters[0]).toMatchObject({ reason: "unknown-topic", topic: "sensors" });
    await broker.close();
  });

  it("refuses what the broker cannot do, all of it at once, before anything is sent", async () => {
    const broker = new LesserBroker();
    broker.lacks = ["retain", "delay", "priority"];
    const bus = await makeBus({ brokers: brokersOf(broker) });
    const error: unknown = await bus
      .publish("t", 1, { retain: true, delayMs: 5, priority: 1 })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect((error as UnsupportedError).needs.map((need) => need.capability)).toEqual(["retain", "delay", "priority"]);
  });

  it.each([
    ["an unknown option", { kee: "x" }, 'unknown key "kee"; did you mean "key"?'],
    ["an empty key", { key: "" }, "key is not a text"],
    ["a header of the bus's own", { headers: { "busbar-id": "x" } }, "is the bus's own"],
    ["a header with a line break", { headers: { a: "x\r\ny" } }, "control characters"],
    ["a header that is no string", { headers: { a: 7 } }, "is not a string but number"],
    ["a timeout that is none", { timeoutMs: Number.NaN }, "timeoutMs is not a positive number"],
  ])("refuses %s with what to do", async (_name, options, why) => {
    const bus = await makeBus();
    await expect(bus.publish("t", 1, options as never)).rejects.toThrow(why);
  });

  it("refuses malformed subscribe options, all of them at once", async () => {
    const bus = await makeBus();
    const options = { concurency: 2, group: "a b", maxInFlight: 0, retry: { attempts: 0 } };
    await expect(bus.subscribe("t", options as never, () => undefined)).rejects.toThrow(
      /concurency.*did you mean "concurrency".*group "a b".*maxInFlight.*retry\.attempts/s,
    );
  });

  it("lets the most specific policy win, and the code over all", async () => {
    const seen: number[] = [];
    const bus = await makeBus({
      policies: [
        { pattern: parseFilter("a.b"), options: { retry: { attempts: 2, backoffMs: 0 } } },
        { pattern: parseFilter("a.*"), options: { retry: { attempts: 5 }, concurrency: 4 } },
      ],
    });
    await bus.subscribe("a.b", { group: "g", retry: { jitter: 0 } }, (_payload, message) => {
      seen.push(message.attempt);
      throw new Error("no");
    });
    await bus.publish("a.b", 1);
    await expect.poll(() => bus.health().subscriptions[0]?.deadLettered).toBe(1);
    expect(seen).toEqual([1, 2]);
  });

  it("refuses what a topic or a subscription requires and the broker does not have", async () => {
    const broker = new LesserBroker();
    broker.lacks = ["retain"];
    const bus = await makeBus({ brokers: brokersOf(broker) });
    const audit = topic("audit.{who}", { requires: ["keyOrderAcrossMembers"] });
    await expect(bus.publish(audit, 1, { params: { who: "me" } })).rejects.toMatchObject({
      needs: [{ capability: "keyOrderAcrossMembers", subject: 'publish("audit.me")' }],
    });
    await expect(
      bus.subscribe(audit, { group: "g", requires: ["retain", "lag"] }, () => undefined),
    ).rejects.toMatchObject({ needs: [{ capability: "keyOrderAcrossMembers" }, { capability: "retain" }] });
    await expect(bus.subscribe("t", { requires: ["telepathy" as never] }, () => undefined)).rejects.toThrow(
      "which is no capability; there are atLeastOnce",
    );
  });

  it("tells what a whole application would miss on a broker, without opening it", async () => {
    const needs = await checkPortability({ service: "s", brokers: { main: "memory://portability" } }, [
      { filter: "a.*", options: { group: "g", requires: ["keyOrderAcrossMembers", "retain"] } },
      { filter: "b", options: { group: "g" } },
      { filter: "c", options: { requires: ["keyOrderAcrossMembers"] } },
    ]);
    expect(needs.map(({ subject, capability }) => [subject, capability])).toEqual([
      ['subscribe("a.*")', "keyOrderAcrossMembers"],
      ['subscribe("c")', "keyOrderAcrossMembers"],
    ]);
  });

  it("tells a publisher who asked that nobody subscribes, and nobody else", async () => {
    const bus = await makeBus();
    expect(await bus.publish("nobody", 1)).toMatchObject({ routed: false });
    await expect(bus.publish("nobody", 1, { requireSubscriber: true })).rejects.toMatchObject({
      code: "BUSBAR_NO_SUBSCRIBER",
    });
  });

  it("warns when filters of one group overlap", async () => {
    const bus = await makeBus();
    await bus.subscribe("a.*", { group: "g" }, () => undefined);
    await bus.subscribe("a.b", { group: "g" }, () => undefined);
    expect(bus.warnings).toEqual([
      expect.stringContaining('Group "g" subscribes to "a.*" and to "a.b", which overlap'),
    ]);
  });

  it("warns of an overlap once, however many subscriptions the two filters have", async () => {
    const bus = await makeBus();
    for (const filter of ["a.*", "a.b", "a.{name}", "a.b"])
      await bus.subscribe(filter, { group: "g" }, () => undefined);
    expect(bus.warnings).toHaveLength(1);
    await bus.subscribe("*.b", { group: "g" }, () => undefined);
    expect(bus.warnings).toHaveLength(2);
  });

  it("warns of no overlap with another group, with what answers requests, or with what has ended", async () => {
    const bus = await makeBus();
    await bus.subscribe("a.**", { group: "other" }, () => undefined);
    await bus.respond("a.*", { group: "g" }, () => 1);
    const [first, second] = [
      await bus.subscribe("a.*", { group: "g" }, () => undefined),
      await bus.subscribe("a.*", { group: "g" }, () => undefined),
    ];
    await first.close();
    await second.remove();
    await bus.subscribe("a.b", { group: "g" }, () => undefined);
    expect(bus.warnings).toEqual([]);
  });

  it("warns of an overlap still while one of the subscriptions with that filter is there", async () => {
    const bus = await makeBus();
    const first = await bus.subscribe("a.*", { group: "g" }, () => undefined);
    await bus.subscribe("a.*", { group: "g" }, () => undefined);
    await first.close();
    await bus.subscribe("a.b", { group: "g" }, () => undefined);
    expect(bus.warnings).toHaveLength(1);
  });

  it("closes its brokers all the same where a subscription could not be removed, which whoever removed it hears", async () => {
    const broker = memory({ url: `memory://stubborn-${++count}` });
    const refusal = new Error("the group has members still");
    let refuse: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (refuse = resolve));
    const stubborn: MemoryBroker = Object.assign(broker, {
      subscribe: async (...call: Parameters<MemoryBroker["subscribe"]>) =>
        Object.assign(await MemoryBroker.prototype.subscribe.apply(broker, call), {
          remove: () => asked.then(() => Promise.reject(refusal)),
        }),
    });
    const bus = await makeBus({
      brokers: [
        {
          name: "main",
          load: () => Promise.resolve(stubborn),
          folds: [],
          publish: { maxInFlight: 512, overflow: "wait" },
        },
      ],
    });
    const subscription = await bus.subscribe("a", { group: "g" }, () => undefined);
    const removed = subscription.remove();
    const closed = bus.close();
    refuse();
    await expect(removed).rejects.toBe(refusal);
    await closed;
    expect(bus.health()).toMatchObject({ subscriptions: [], brokers: [{ state: "closed" }] });
    expect(bus.warnings).toEqual([expect.stringContaining("the group has members still")]);
  });

  it("drains at close: running handlers end, waiting messages stay for the next", async () => {
    const bus = await makeBus();
    let begun: () => void = () => undefined;
    const started = new Promise<void>((resolve) => (begun = resolve));
    let finish: () => void = () => undefined;
    await bus.subscribe("t", { group: "g" }, async () => {
      begun();
      await new Promise<void>((resolve) => (finish = resolve));
    });
    for (const payload of [1, 2]) await bus.publish("t", payload);
    await started;
    const closed = bus.close();
    finish();
    await closed;
    const next = memory({ url: `memory://bus-test-${count}` });
    await next.open();
    expect(next.native.waiting(queueName)).toBe(1);
    await next.close();
  });

  it("rejects after its close, and gives the same promise to everybody who closes", async () => {
    const bus = await makeBus();
    expect(bus.close()).toBe(bus.close());
    await bus.close();
    await expect(bus.publish("t", 1)).rejects.toMatchObject({ code: "BUSBAR_CLOSED" });
    await expect(bus.subscribe("t", () => undefined)).rejects.toMatchObject({ code: "BUSBAR_CLOSED" });
  });

  it("goes on over a cut connection without handling twice what had succeeded", async () => {
    const bus = await makeBus();
    const { seen, handler, size } = collector();
    let release: () => void = () => undefined;
    await bus.subscribe("t", { group: "g", concurrency: 1 }, async (payload, message) => {
      handler(payload, message);
      if (payload === 1) await new Promise<void>((resolve) => (release = resolve));
    });
    for (const payload of [1, 2, 3]) await bus.publish("t", payload, { key: "k" });
    await size(1);
    bus.native<MemoryNativeClient>().sever();
    release();
    await size(3);
    expect(seen.map(({ payload }) => payload)).toEqual([1, 2, 3]);
    await expect.poll(() => bus.health().subscriptions[0]?.handled).toBe(3);
  });

  it("publishes no more at once than a server takes, as it tells when it comes and when it comes back", async () => {
    const broker = new LesserBroker();
    const bus = await makeBus({ brokers: brokersOf(broker) });
    let confirm: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (confirm = resolve));
    let sent = 0;
    broker.publish = async ({ id }) => {
      sent++;
      await gate;
      return { id };
    };
    broker.takes = 2;
    broker.comeBack();
    const first = Array.from({ length: 5 }, () => bus.publish("a", 1));
    expect(sent).toBe(2);
    broker.takes = 4;
    broker.comeBack();
    expect(sent).toBe(4);
    confirm();
    await Promise.all(first);
    expect(sent).toBe(5);
  });

  it("hands out the client itself, typed as the caller says, and unknown where nobody says", async () => {
    const bus = await makeBus();
    expectTypeOf(bus.native()).toBeUnknown();
    expectTypeOf(bus.native<MemoryNativeClient>("main")).toEqualTypeOf<MemoryBroker["native"]>();
    expect(bus.native<MemoryNativeClient>("main")).toBe(bus.native());
    expect(bus.native()).toBe(memory({ url: `memory://bus-test-${count}` }).native);
    expect(() => bus.native("mian")).toThrow(/no broker "mian".*"main"/);
  });

  it("publishes a batch in order, and a failing entry fails alone", async () => {
    const bus = await makeBus();
    const { seen, handler, size } = collector();
    await bus.subscribe("t", { group: "g" }, handler);
    const results = await bus.publishBatch("t", [{ payload: 1 }, { payload: 2n }, { payload: 3, key: "k" }]);
    await size(2);
    expect(results.map((result) => (result.ok ? "confirmed" : (result.error as { code?: string }).code))).toEqual([
      "confirmed",
      "BUSBAR_CODEC",
      "confirmed",
    ]);
    expect(seen.map(({ payload }) => payload)).toEqual([1, 3]);
  });

  it("hands batches to an array handler, and retries only the entries that fail", async () => {
    const bus = await makeBus();
    const batches: unknown[][] = [];
    const options = { group: "g", maxSize: 3, maxWaitMs: 50, retry: { backoffMs: 0 } };
    await bus.subscribeBatch("t", options, (batch) => {
      batches.push(batch.map(({ payload }) => payload));
      for (const { payload, message } of batch) if (payload === 2 && message.attempt === 1) message.retryLater();
    });
    await bus.publishBatch(
      "t",
      [1, 2, 3, 4].map((payload) => ({ payload })),
    );
    await expect.poll(() => batches.flat().length).toBe(5);
    expect(batches[0]).toEqual([1, 2, 3]);
    expect(batches.slice(1).flat()).toEqual(expect.arrayContaining([2, 4]));
    await expect.poll(() => bus.health().subscriptions[0]?.handled).toBe(4);
  });

  it("retries a whole batch whose handler throws", async () => {
    const bus = await makeBus();
    const attempts: number[] = [];
    await bus.subscribeBatch("t", { group: "g", maxSize: 2, maxWaitMs: 10, retry: { backoffMs: 0 } }, (batch) => {
      attempts.push(...batch.map(({ message }) => message.attempt));
      if (batch.some(({ message }) => message.attempt === 1)) throw new Error("no");
    });
    await bus.publishBatch("t", [{ payload: 1 }, { payload: 2 }]);
    await expect.poll(() => bus.health().subscriptions[0]?.handled).toBe(2);
    expect(attempts).toEqual([1, 1, 2, 2]);
  });

  it("never hands a batch out after its close, which gave the messages back", async () => {
    // The batch waits for as long as this says, however slow the machine is.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const bus = await makeBus();
    const batches: unknown[] = [];
    const subscription = await bus.subscribeBatch("t", { group: "g", maxSize: 9, maxWaitMs: 60 }, (batch) => {
      batches.push(batch);
    });
    await bus.publish("t", 1);
    await expect.poll(() => subscription.health().running).toBe(1);
    const closed = subscription.close({ deadlineMs: 0 });
    await vi.advanceTimersByTimeAsync(0);
    await closed;
    const next = collector();
    await bus.subscribe("t", { group: "g" }, next.handler);
    await next.size(1);
    // Longer than the batch would have waited: what comes late is what this is about.
    await vi.advanceTimersByTimeAsync(100);
    expect(batches).toEqual([]);
  });

  it("gives every run and the dead letter the bytes as they arrived, whatever a handler does to its own", async () => {
    const bus = await makeBus();
    const seen: number[][] = [];
    await bus.subscribe<Uint8Array>("t", { group: "g", retry: { attempts: 2, backoffMs: 0 } }, (bytes) => {
      seen.push([...bytes]);
      bytes.fill(0);
      throw new Error("no");
    });
    await bus.publish("t", new Uint8Array([1, 2, 3]));
    await expect.poll(() => bus.health().subscriptions[0]?.deadLettered).toBe(1);
    const [letter] = await collect(bus.deadLetters("g").list());
    expect(seen).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect([...(letter?.body ?? [])]).toEqual([1, 2, 3]);
  });

  it("gives messages one by one, and gives back what was not settled when the loop is left", async () => {
    const bus = await makeBus();
    const stream = await bus.messages("t", { group: "g" });
    await bus.publishBatch(
      "t",
      [1, 2, 3].map((payload) => ({ payload })),
    );
    const seen: unknown[] = [];
    for await (const { payload, message } of stream) {
      seen.push(payload);
      if (payload === 2) break;
      message.ack();
    }
    const next = collector();
    await bus.subscribe("t", { group: "g" }, next.handler);
    await next.size(2);
    expect(seen).toEqual([1, 2]);
    expect(next.seen.map(({ payload, message }) => [payload, message.redelivered])).toEqual([
      [2, true],
      [3, expect.anything()],
    ]);
  });

  it("ends a loop over messages when the bus is closed", async () => {
    const bus = await makeBus();
    const stream = await bus.messages("t", { group: "g" });
    const result = stream.next();
    await bus.close();
    expect(await result).toEqual({ done: true, value: undefined });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("forgets a durable subscription, and nothing else does", async () => {
    const bus = await makeBus();
    const subscription = await bus.subscribe("t", { group: "g" }, () => undefined);
    await subscription.close();
    expect(await bus.publish("t", 1)).toMatchObject({ routed: true });
    await bus.forget({ group: "g", filter: "t" });
    expect(await bus.publish("t", 1)).toMatchObject({ routed: false });
    await bus.forget({ group: "g", filter: "t" });
  });

  it("refuses a durable subscription without a group in production when nobody named the instance", async () => {
    const bus = await makeBus({ instanceGiven: false, production: true });
    await expect(bus.subscribe("t", { durable: true }, () => undefined)).rejects.toThrow("BUSBAR_INSTANCE");
    await bus.subscribe("t", { group: "g" }, () => undefined);
  });
});

/** Fixed for ever: a change would orphan every queue that is out there. */
const queueName = "g-t-65082ed23996";

describe("the guarantee of a publish", () => {
  it("is that of its broker where the call asks for none", async () => {
    const broker = memory({ url: `memory://bus-test-${++count}` });
    const sent: (string | undefined)[] = [];
    const publish = broker.publish.bind(broker);
    broker.publish = (record) => {
      sent.push(record.delivery);
      return publish(record);
    };
    const settings = { maxInFlight: 512, overflow: "wait", delivery: "at-most-once" } as const;
    const bus = await makeBus({
      brokers: [{ name: "main", load: () => Promise.resolve(broker), folds: [], publish: settings }],
    });
    await bus.publish("a", 1);
    await bus.publish("a", 1, { delivery: "at-least-once" });
    expect(sent).toEqual(["at-most-once", "at-least-once"]);
  });

  it("is refused at the start where the configuration asks for one that its broker has not", async () => {
    const broker = memory({ url: `memory://bus-test-${++count}` });
    const openBroker = broker.open.bind(broker);
    broker.open = async () => {
      const effective = await openBroker();
      return { ...effective, supports: { ...effective.supports, atMostOnce: "unsupported" } };
    };
    const settings = { maxInFlight: 512, overflow: "wait", delivery: "at-most-once" } as const;
    await expect(
      makeBus({ brokers: [{ name: "main", load: () => Promise.resolve(broker), folds: [], publish: settings }] }),
    ).rejects.toThrow('broker "main" has no "at-most-once" delivery; leave publish.delivery out');
  });
});
