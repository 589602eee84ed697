import type { Bus, SubscribeOptions } from "@busbar/core";
import { beforeAll, expect, it } from "vitest";
import { allBrokers, describeOn } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";
import { refusalOf } from "./refusal.ts";

const longTopic = "t".repeat(201);
const malformedTopics = [
  "",
  "a..b",
  ".a",
  "a b",
  "a.*",
  "a.**",
  "a/b",
  "ä",
  "_busbar.x",
  "a.{b}",
  longTopic,
  null,
  7,
  {},
];
const malformedFilters = [
  "",
  "a..b",
  "a.**.b",
  "a*",
  "a b",
  "_busbar.**",
  "{a}.{a}",
  longTopic,
  null,
  undefined,
  7,
  {},
];

const circular: Record<string, unknown> = {};
circular["self"] = circular;
const unencodable: readonly [string, unknown][] = [
  ["nothing", undefined],
  ["a BigInt", { big: 1n }],
  ["a number that is none", { deep: [Number.NaN] }],
  ["a function", () => undefined],
  ["a promise", Promise.resolve(1)],
  ["a circle", circular],
  ["bytes inside of an object", { bytes: new Uint8Array(1) }],
];

const unfitHeaders: readonly [string, unknown][] = [
  ["a name with a space", { "bad name": "1" }],
  ["an empty name", { "": "1" }],
  ["a name of the bus's own", { "busbar-id": "1" }],
  ["a line break", { a: "1\r\nInjected: 2" }],
  ["a lone surrogate", { a: "\ud800" }],
  ["a number", { a: 1 }],
  ["nothing", { a: undefined }],
];

const malformedPublishOptions: readonly object[] = [
  { prioritty: 1 },
  { key: "" },
  { key: 7 },
  { id: "with space" },
  { timeoutMs: 0 },
  { timeoutMs: Number.NaN },
  { expiresInMs: -1 },
  { delivery: "exactly-once" },
  { contentType: "no media type" },
];

const malformedSubscribeOptions: readonly object[] = [
  { concurency: 2 },
  { group: "with space" },
  { concurrency: 0 },
  { maxInFlight: 1.5 },
  { delivery: "exactly-once" },
  { order: "random" },
  { retry: { attempts: 0 } },
  { deadLetter: { topics: "a" } },
];

/** How to ask for what not every broker has, by the capability that it comes down to. */
const requests: readonly [capability: string, ask: (bus: Bus, topic: string) => Promise<unknown>][] = [
  ["retain", (bus, topic) => bus.publish(topic, 1, { retain: true })],
  ["expiry", (bus, topic) => bus.publish(topic, 1, { expiresInMs: 60_000 })],
  ["delay", (bus, topic) => bus.publish(topic, 1, { delayMs: 50 })],
  ["priority", (bus, topic) => bus.publish(topic, 1, { priority: 1 })],
  ["routing", (bus, topic) => bus.publish(topic, 1, { requireSubscriber: true })],
  ["startFromEarliest", (bus, topic) => bus.subscribe(topic, { startFrom: "earliest" }, () => undefined)],
];

const lacking: Readonly<Record<string, readonly string[]>> = {
  memory: [],
  mqtt: ["delay", "priority", "startFromEarliest"],
  amqp: ["retain", "priority", "startFromEarliest"],
  nats: ["retain", "expiry", "delay", "priority", "routing"],
  kafka: ["retain", "expiry", "delay", "priority", "routing"],
};

/** More than the broker takes; absent where that would need a broker of the test's own, or more memory than a test should have. */
const tooLarge: Readonly<Record<string, readonly number[]>> = { nats: [2_000_000], kafka: [2_000_000] };

describeOn(allBrokers, "bad input", ({ name, url }) => {
  const buses = new OpenBuses();
  let bus: Bus;
  let topic: string;
  const received: unknown[] = [];

  async function works(): Promise<void> {
    const marker = unique("marker");
    await bus.publish(topic, marker);
    await expect.poll(() => received, { timeout: 15_000 }).toContain(marker);
  }

  const publish = (to: unknown, payload: unknown, options?: object): Promise<unknown> =>
    bus.publish(to as string, payload, options);
  const subscribe = (filter: unknown, options: object): Promise<unknown> =>
    bus.subscribe(filter as string, options as SubscribeOptions, () => undefined);

  beforeAll(async () => {
    topic = unique("input");
    bus = await buses.connectForAll(url);
    await bus.subscribe(topic, (payload) => received.push(payload));
  });

  it("as a topic is refused, and named", async () => {
    for (const malformed of malformedTopics) {
      const error = await refusalOf(() => publish(malformed, 1));
      expect(error).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT", retryable: false });
      expect(error.message).toContain(typeof malformed === "string" ? `"${malformed.slice(0, 60)}` : "opic");
      expect(await refusalOf(() => bus.request(malformed as string, 1))).toMatchObject({ code: error.code });
    }
    await works();
  });

  it("as a filter is refused, and named", async () => {
    for (const malformed of malformedFilters) {
      const error = await refusalOf(() => subscribe(malformed, {}));
      expect(error).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT", retryable: false });
      expect(error.message).toContain(typeof malformed === "string" ? `"${malformed.slice(0, 60)}` : "ilter");
      expect(await refusalOf(() => bus.respond(malformed as string, () => 1))).toMatchObject({ code: error.code });
    }
    expect(await refusalOf(() => bus.subscribe(topic, undefined as never))).toMatchObject({
      code: "BUSBAR_INVALID_ARGUMENT",
    });
    await works();
  });

  it.each(unencodable)("as a payload (%s) is refused, with the topic and the broker", async (_, payload) => {
    const error = await refusalOf(() => publish(topic, payload));
    expect(error).toMatchObject({ code: "BUSBAR_CODEC", retryable: false, topic, broker: "main" });
    expect(error.message).toContain(topic);
  });

  it.each(unfitHeaders)("in headers (%s) is refused, with the topic", async (_, headers) => {
    const error = await refusalOf(() => publish(topic, 1, { headers }));
    expect(error).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT", retryable: false, topic });
    expect(error.message).toContain(topic);
  });

  it("in options is refused, with the topic", async () => {
    for (const options of malformedPublishOptions) {
      const error = await refusalOf(() => publish(topic, 1, options));
      expect(error, JSON.stringify(options)).toMatchObject({
        code: "BUSBAR_INVALID_ARGUMENT",
        retryable: false,
        topic,
      });
      expect(error.message).toContain(topic);
    }
    for (const options of malformedSubscribeOptions) {
      const error = await refusalOf(() => subscribe(topic, options));
      expect(error, JSON.stringify(options)).toMatchObject({
        code: "BUSBAR_INVALID_ARGUMENT",
        retryable: false,
        topic,
      });
      expect(error.message).toContain(topic);
    }
    expect(await refusalOf(() => publish(topic, 1, { broker: "other" }))).toMatchObject({
      code: "BUSBAR_INVALID_ARGUMENT",
      message: expect.stringContaining('"main"') as string,
    });
    await works();
  });

  it.each(requests)("asking for %s is granted, or refused with what to do instead", async (capability, ask) => {
    const own = `${topic}-${capability}`;
    await bus.subscribe(own, () => undefined);
    if (lacking[name]?.includes(capability) !== true) {
      await ask(bus, own);
      return;
    }

    const error = await refusalOf(() => ask(bus, own));

    expect(error).toMatchObject({ code: "BUSBAR_UNSUPPORTED", retryable: false, needs: [{ capability }] });
    expect(error.message).toMatch(new RegExp(`broker "main".*"${own}".*(leave|set) .*`));
    await works();
  });

  it.each(tooLarge[name] ?? [])("that is too large (%i bytes) is refused, and the connection lives", async (bytes) => {
    const [small, large, after] = await Promise.allSettled([
      bus.publish(topic, "small"),
      bus.publish(topic, new Uint8Array(bytes)),
      bus.publish(topic, "after"),
    ]);
    expect([small?.status, after?.status]).toEqual(["fulfilled", "fulfilled"]);
    expect(large).toMatchObject({ reason: { code: "BUSBAR_TOO_LARGE", retryable: false, topic, broker: "main" } });
    await works();
    expect(bus.health().brokers[0]?.state).toBe("connected");
  });

  it("in a configuration is refused before anything is opened", async () => {
    const wrong = [
      { brokers: { main: { url, natve: {} } } },
      { brokers: { main: { url, native: { noSuchOption: 1 } } } },
      { brokers: { main: { url, publish: { overflow: "panic" } } } },
      { brokers: { main: url }, polices: {} },
      { brokers: { main: url }, service: "with space" },
    ];
    for (const config of wrong) {
      const error = await refusalOf(() => buses.connectTo(config as never));
      expect(error, JSON.stringify(config)).toMatchObject({ code: "BUSBAR_CONFIG", retryable: false });
      expect(error.message).toMatch(/brokers\.main|polices|service/);
    }
  });
});
