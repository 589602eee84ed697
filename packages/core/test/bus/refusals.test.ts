import { expect, it } from "vitest";
import { connect, memory } from "../../src/index.ts";
import type { Bus } from "../../src/index.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function refusal(call: (open: Bus) => Promise<unknown>): Promise<unknown> {
  const bus = await connect({ brokers: { main: "memory://refusals" }, logger: quiet });
  try {
    return await call(bus).catch((error: unknown) => error);
  } finally {
    await bus.close();
  }
}

const harm = (): never => {
  throw new Error("made to do harm");
};

const noTopics: readonly (readonly [string, unknown])[] = [
  ["null", null],
  ["undefined", undefined],
  ["a number", 7],
  ["an object", {}],
  ["an object without a prototype", Object.create(null)],
  ["an object whose toString throws", { toString: harm }],
  ["a proxy that throws", new Proxy({}, { get: harm })],
];

it.each(noTopics)("what is no topic (%s) is refused by every call that takes one", async (_, value) => {
  const malformed = value as string;
  const calls: readonly ((open: Bus) => Promise<unknown>)[] = [
    (open) => open.publish(malformed, 1),
    (open) => open.publishBatch(malformed, [{ payload: 1 }]),
    (open) => open.request(malformed, 1),
    (open) => open.subscribe(malformed, () => 1),
    (open) => open.subscribeBatch(malformed, { maxSize: 2 }, () => undefined),
    (open) => open.messages(malformed),
    (open) => open.respond(malformed, () => 1),
  ];
  for (const call of calls)
    expect(await refusal(call), String(call)).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT", retryable: false });
});

it("what no codec writes is refused with the topic and the broker", async () => {
  expect(await refusal((open) => open.publish("a.b", { big: 1n }))).toMatchObject({
    code: "BUSBAR_CODEC",
    topic: "a.b",
    broker: "main",
    message: expect.stringContaining('publish("a.b")') as string,
  });
  expect(await refusal((open) => open.publish("a.b", 1, { contentType: "none" }))).toMatchObject({
    code: "BUSBAR_INVALID_ARGUMENT",
    topic: "a.b",
    broker: "main",
  });
});

it("a guarantee that there is not is refused, and not taken for another one", async () => {
  const exactly = { delivery: "exactly-once" } as never;
  expect(await refusal((open) => open.publish("a", 1, exactly))).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
});

const wrongPublishOptions: readonly Record<string, unknown>[] = [
  { retain: "yes" },
  { requireSubscriber: 1 },
  { requireSubscriber: true, delayMs: 1_000 },
  { priority: 1.5 },
  { priority: "high" },
  { params: { room: "kitchen" } },
  { signal: {} },
  { broker: 7 },
  { keys: "k" },
  { timeoutMs: Number.NaN },
];

it.each(wrongPublishOptions)("a publish with %j is refused before anything is sent", async (options) => {
  expect(await refusal((open) => open.publish("a.b", 1, options))).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
});

const wrongSubscribeOptions: readonly Record<string, unknown>[] = [
  { retry: { attempt: 5 } },
  { retry: 3 },
  { durable: "yes" },
  { maxDeliveries: 0 },
  { deadLetter: { topic: "no topic" } },
  { deadLetter: { topic: "a.b" } },
  { deadLetter: { broker: "nobody" } },
  { deadLetter: { topic: "elsewhere", broker: "nobody" } },
  { requires: "routing" },
  { signal: "soon" },
  { broker: "nobody" },
  { group: 7 },
  { group: "g", prefetch: 5 },
];

it.each(wrongSubscribeOptions)("a subscription with %j is refused", async (options) => {
  expect(await refusal((open) => open.subscribe("a.*", options, () => 1))).toMatchObject({
    code: "BUSBAR_INVALID_ARGUMENT",
  });
});

it("what a call does not honour is refused by it, and not dropped", async () => {
  const calls: readonly ((open: Bus) => Promise<unknown>)[] = [
    (open) => open.request("a", 1, { delivery: "at-least-once" } as never),
    (open) => open.request("a", 1, { delayMs: 5 } as never),
    (open) => open.request("a", 1, { requireSubscriber: true } as never),
    (open) => open.respond("a", { retry: { attempts: 5 } } as never, () => 1),
    (open) => open.respond("a", { durable: true } as never, () => 1),
    (open) => open.respond("a", { deadLetter: false } as never, () => 1),
    (open) => open.subscribeBatch("a", { concurrency: 4 } as never, () => undefined),
    (open) => open.subscribeBatch("a", { settle: "auto" } as never, () => undefined),
    (open) => open.messages("a", { settle: "auto" } as never),
    (open) => open.close({ deadline: 5 } as never),
    (open) => open.close({ deadlineMs: Number.NaN }),
    (open) => open.close({ deadlineMs: -1 }),
    async (open) => (await open.subscribe("a", () => 1)).close({ deadlineMs: Number.NaN }),
    async (open) => (await open.subscribe("a", () => 1)).remove({ deadlineMs: "5" } as never),
  ];
  for (const call of calls)
    expect(await refusal(call), String(call)).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
});

it("what would be held for longer than the broker allows is refused, and what just fits is not", async () => {
  const broker = memory({ url: "memory://held" });
  const open = broker.open.bind(broker);
  broker.open = async () => ({ ...(await open()), limits: { maxHoldMs: 10_000 } });
  const bus = await connect({ brokers: { main: broker }, logger: quiet });
  const fitting = { handlerTimeoutMs: 10_000, retry: { attempts: 2, backoffMs: 5_000 } };
  const asking = async (options: object): Promise<unknown> =>
    bus.subscribe("a.b", { ...fitting, ...options }, () => 1).catch((error: unknown) => error);
  try {
    expect(await asking({})).toMatchObject({ filter: "a.b" });
    for (const [option, refused] of [
      ["handlerTimeoutMs", { handlerTimeoutMs: 10_001 }],
      ["retry policy", { retry: { attempts: 4, backoffMs: 5_000 } }],
    ] as const)
      expect(await asking(refused)).toMatchObject({
        code: "BUSBAR_UNSUPPORTED",
        message: expect.stringContaining(option) as string,
      });
    expect(await asking({ retry: { attempts: 4, backoffMs: 5_000 }, order: "none" })).toMatchObject({ filter: "a.b" });
    // What is read from a log cannot be put back.
    expect(
      await asking({ retry: { attempts: 4, backoffMs: 5_000 }, order: "none", startFrom: "earliest" }),
    ).toMatchObject({ code: "BUSBAR_UNSUPPORTED" });
  } finally {
    await bus.close();
  }
});

it("a key with half a character is refused, since brokers would carry another one", async () => {
  for (const key of ["\ud800", "a\udfff"])
    expect(await refusal((open) => open.publish("a", 1, { key }))).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
  const key = "😀";
  expect(await refusal((open) => open.publish("a", 1, { key }))).not.toBeInstanceOf(Error);
});

it("a payload that throws when it is read is refused, whatever it throws", async () => {
  const payload = new Proxy({}, { get: harm, getPrototypeOf: harm, ownKeys: harm });
  expect(await refusal((open) => open.publish("a", payload))).toMatchObject({ code: "BUSBAR_CODEC", topic: "a" });
});

it.each([
  "group",
  "concurrency",
  "maxInFlight",
  "handlerTimeoutMs",
  "delivery",
  "order",
  "startFrom",
  "settle",
  "deadLetter",
])("null as %s is refused, and not taken for the default", async (name) => {
  const options = { [name]: null } as never;
  expect(await refusal((open) => open.subscribe("a", options, () => 1))).toMatchObject({
    code: "BUSBAR_INVALID_ARGUMENT",
  });
});

/** A timer that is set for longer fires after 1 ms. */
const tooLong = 2_147_483_648;

const waits: readonly (readonly [string, (open: Bus) => Promise<unknown>])[] = [
  ["timeoutMs", (open) => open.publish("a", 1, { timeoutMs: tooLong })],
  ["timeoutMs", (open) => open.request("a", 1, { timeoutMs: tooLong })],
  ["handlerTimeoutMs", (open) => open.subscribe("a", { handlerTimeoutMs: tooLong }, () => 1)],
  ["retry.backoffMs", (open) => open.subscribe("a", { retry: { backoffMs: tooLong } }, () => 1)],
  ["retry.maxBackoffMs", (open) => open.subscribe("a", { retry: { maxBackoffMs: tooLong } }, () => 1)],
  ["maxWaitMs", (open) => open.subscribeBatch("a", { maxWaitMs: tooLong }, () => 1)],
  ["deadlineMs", (open) => open.close({ deadlineMs: tooLong })],
  ["deadlineMs", async (open) => (await open.subscribe("a", () => 1)).close({ deadlineMs: tooLong })],
  ["deadlineMs", async (open) => (await open.subscribe("a", () => 1)).remove({ deadlineMs: tooLong })],
  ["deadlineMs", async (open) => (await open.messages("a")).close({ deadlineMs: tooLong })],
];

it.each(waits)("%s that no timer takes is refused with the longest that there is (%#)", async (name, call) => {
  expect(await refusal(call)).toMatchObject({
    code: "BUSBAR_INVALID_ARGUMENT",
    message: expect.stringMatching(new RegExp(`${name} .*2147483647`)) as string,
  });
});

it("the longest wait that a timer takes is taken, and what only the broker waits for may be longer", async () => {
  const longest = tooLong - 1;
  expect(await refusal((open) => open.publish("a", 1, { timeoutMs: longest }))).toMatchObject({ routed: false });
  const retry = { backoffMs: longest, maxBackoffMs: longest };
  expect(await refusal((open) => open.subscribe("a", { retry, handlerTimeoutMs: longest }, () => 1))).toMatchObject({
    filter: "a",
  });
  expect(await refusal((open) => open.publish("a", 1, { expiresInMs: tooLong }))).toMatchObject({ routed: false });
});

const handler = (): void => undefined;
const swapped: readonly (readonly [string, (open: Bus) => Promise<unknown>])[] = [
  ["subscribe", (open) => open.subscribe("a.b", handler as never, { group: "g" } as never)],
  ["respond", (open) => open.respond("a.b", handler as never, { group: "g" } as never)],
];

it.each(swapped)(
  "%s with options behind the handler is refused, and no option is dropped in silence",
  async (name, call) => {
    expect(await refusal(call)).toMatchObject({
      code: "BUSBAR_INVALID_ARGUMENT",
      message: `${name}("a.b") has something behind its handler function; options stand before it: ${name}("a.b", { … }, handler).`,
    });
  },
);

it("a group that no subscription can have has no dead letters to ask for", async () => {
  const asked = await refusal(async (open) => open.deadLetters("my group"));
  expect(asked).toMatchObject({
    code: "BUSBAR_INVALID_ARGUMENT",
    message: 'deadLetters(): group "my group" is not 1 to 64 letters, digits, "_" or "-".',
  });
});
