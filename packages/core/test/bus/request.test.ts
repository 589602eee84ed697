import { afterEach, describe, expect, it } from "vitest";
import { connect, memory, RefusedError, RemoteError } from "../../src/index.ts";
import type { BrokerStatus } from "../../src/contract/index.ts";
import type { Bus } from "../../src/index.ts";

let count = 0;
const open: Bus[] = [];

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Two buses on one broker, which refuses 900 bytes by itself and tells of `maxBodyBytes`. */
async function twoBuses(maxBodyBytes?: number) {
  const url = `memory://request-test-${++count}`;
  const warnings: string[] = [];
  let sentByServer = 0;
  const logger = { info: () => undefined, warn: (text: string) => void warnings.push(text), error: () => undefined };
  const broker = memory({ url });
  const { open: openPlain, publish } = broker;
  broker.open = async () => {
    const effective = await openPlain.call(broker);
    return { ...effective, limits: maxBodyBytes === undefined ? {} : { maxBodyBytes } };
  };
  broker.publish = (record, options) => {
    sentByServer++;
    if (record.body.byteLength === 900)
      return Promise.reject(new RefusedError("refused by itself", { code: "BUSBAR_TOO_LARGE" }));
    return publish.call(broker, record, options);
  };
  const [caller, server] = await Promise.all([
    connect({ service: "caller", instance: "one", brokers: { main: memory({ url }) }, logger }),
    connect({ service: "server", instance: "one", brokers: { main: broker }, logger }),
  ]);
  open.push(caller, server);
  return { caller, server, warnings, answers: () => sentByServer };
}

function circle(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close()));
});

describe("a request", () => {
  it("gets the answer that was made for it, however many are under way", async () => {
    const { caller, server } = await twoBuses();
    await server.respond<number>("square.*", { concurrency: 50 }, async (number) => {
      await new Promise((resolve) => setImmediate(resolve));
      return number * number;
    });
    const answers = await Promise.all(Array.from({ length: 200 }, (_, number) => caller.request("square.it", number)));
    expect(answers).toEqual(Array.from({ length: 200 }, (_, number) => number * number));
  });

  it("is rejected with what the handler threw", async () => {
    const { caller, server } = await twoBuses();
    await server.respond("fail", () => {
      throw new TypeError("not like this");
    });
    const error: unknown = await caller.request("fail", 1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ code: "BUSBAR_REMOTE", remoteName: "TypeError" });
    expect((error as Error).message).toContain("not like this");
  });

  it.each([
    ["BigInt", () => 1n],
    ["a circle", () => circle()],
  ])("is rejected at once where its answer cannot be encoded: %s", async (_what, handler) => {
    const { caller, server, warnings } = await twoBuses();
    await server.respond("odd", handler);
    await expect(caller.request("odd", 1)).rejects.toMatchObject({ code: "BUSBAR_REMOTE", remoteName: "PayloadError" });
    await expect.poll(() => server.health().subscriptions[0]).toMatchObject({ handled: 0, failed: 1, running: 0 });
    expect(warnings).toEqual([expect.stringContaining("cannot be written as JSON")]);
  });

  it("is rejected at once where its answer is larger than the broker takes, before and after the broker is asked", async () => {
    const { caller, server } = await twoBuses(1_000);
    await server.respond<number>("large", (size) => new Uint8Array(size));
    await expect(caller.request("large", 1_001)).rejects.toMatchObject({
      code: "BUSBAR_REMOTE",
      remoteName: "RefusedError",
      message: expect.stringMatching(/1001 bytes.*takes 1000/),
    });
    await expect(caller.request("large", 900)).rejects.toMatchObject({ message: expect.stringContaining("by itself") });
    expect(await caller.request("large", 10)).toHaveLength(10);
    await expect.poll(() => server.health().subscriptions[0]).toMatchObject({ handled: 1, failed: 2 });
  });

  it("is rejected with the beginning of an error that is too long for an answer", async () => {
    const { caller, server } = await twoBuses(20_000);
    await server.respond("verbose", () => {
      throw new Error(`begin ${"é".repeat(50_000)}`);
    });
    await expect(caller.request("verbose", 1)).rejects.toMatchObject({ message: expect.stringContaining("begin é") });
  });

  it("whose error cannot be sent either is said where it was handled, beside the error", async () => {
    const { caller, server, warnings } = await twoBuses();
    const message = "x".repeat(900 - JSON.stringify({ name: "Error", message: "" }).length);
    await server.respond("mute", () => {
      throw new Error(message);
    });
    await expect(caller.request("mute", 1, { timeoutMs: 100 })).rejects.toMatchObject({ code: "BUSBAR_TIMEOUT" });
    expect(warnings).toEqual([
      expect.stringMatching(/"mute" could not be answered: .*refused by itself/),
      expect.stringMatching(/Handler failed for mute .*xxx/),
    ]);
  });

  it("is rejected when its handler takes too long, once, and what that gives later is no answer", async () => {
    const { caller, server, answers } = await twoBuses();
    let release: (value: string) => void = () => undefined;
    const started: unknown[] = [];
    await server.respond("long", { handlerTimeoutMs: 40, concurrency: 1 }, (payload, { signal }) => {
      started.push(payload);
      if (payload === "second") return "in time";
      return new Promise((resolve) => {
        release = resolve;
        signal.addEventListener("abort", () => started.push("aborted"));
      });
    });
    const first = caller.request("long", "first");
    await expect(first).rejects.toMatchObject({ code: "BUSBAR_REMOTE", remoteName: "TimeoutError" });
    const second = caller.request("long", "second");
    // Its slot stays taken until it has ended, or more would run than were asked for.
    await expect.poll(() => server.health().subscriptions[0]).toMatchObject({ running: 1, waiting: 1 });
    expect(started).toEqual(["first", "aborted"]);
    release("too late");
    expect(await second).toBe("in time");
    expect(answers()).toBe(2);
    await expect.poll(() => server.health().subscriptions[0]).toMatchObject({ handled: 1, failed: 1, abandoned: 0 });
  });

  it("is rejected at once where nobody responds", async () => {
    const { caller } = await twoBuses();
    await expect(caller.request("nobody", 1)).rejects.toMatchObject({ code: "BUSBAR_NO_SUBSCRIBER" });
  });

  it("is rejected when nobody answers in time, and is not executed late", async () => {
    const { caller, server } = await twoBuses();
    const executed: unknown[] = [];
    let release: () => void = () => undefined;
    await server.respond("slow", { concurrency: 1 }, async (payload) => {
      executed.push(payload);
      await new Promise<void>((resolve) => (release = resolve));
    });
    const first = caller.request("slow", "first");
    await expect.poll(() => executed).toEqual(["first"]);
    const second = caller.request("slow", "second", { timeoutMs: 60 });
    await expect(second).rejects.toMatchObject({ code: "BUSBAR_TIMEOUT", retryable: true });
    release();
    await first;
    await expect.poll(() => server.health().subscriptions[0]?.waiting).toBe(0);
    await expect.poll(() => server.health().subscriptions[0]?.running).toBe(0);
    expect(executed).toEqual(["first"]);
  });

  it("is rejected when its signal aborts, and when the bus is closed", async () => {
    const { caller, server } = await twoBuses();
    await server.respond("never", () => new Promise(() => undefined));
    const controller = new AbortController();
    const aborted = caller.request("never", 1, { signal: controller.signal });
    const closed = caller.request("never", 2).catch((error: unknown) => error);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "BUSBAR_CANCELED" });
    await caller.close();
    expect(await closed).toMatchObject({ code: "BUSBAR_CLOSED" });
    await server.close({ deadlineMs: 0 });
  });

  it("that was canceled while its broker was away is not sent once that is back", async () => {
    const url = `memory://request-test-${++count}`;
    const broker = memory({ url });
    const statuses: ((status: BrokerStatus) => void)[] = [];
    broker.onStatus = (listener) => {
      statuses.push(listener);
      return () => undefined;
    };
    const tell = (status: BrokerStatus): void => statuses.forEach((listener) => listener(status));
    const caller = await connect({ brokers: { main: broker }, logger: quiet });
    const server = await connect({ brokers: { main: memory({ url }) }, logger: quiet });
    open.push(caller, server);
    const executed: unknown[] = [];
    await server.respond("a", (payload) => executed.push(payload));
    await caller.request("a", "first");
    tell({ type: "disconnected" });
    const controller = new AbortController();
    const aborted = caller.request("a", "canceled", { signal: controller.signal });
    const patient = caller.request("a", "patient");
    await expect.poll(() => caller.health().brokers[0]?.publishing).toBe(2);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "BUSBAR_CANCELED" });
    tell({ type: "connected", effective: await broker.open() });
    await patient;
    expect(executed).toEqual(["first", "patient"]);
  });

  it("is rejected in time while its broker is not there, and keeps the bus from nothing", async () => {
    const away = memory({ url: `memory://request-test-${++count}` });
    away.open = () => new Promise(() => undefined);
    const bus = await connect({ brokers: { main: away }, start: "background", logger: quiet });
    const controller = new AbortController();
    const aborted = bus.request("a", 1, { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "BUSBAR_CANCELED" });
    await expect(bus.request("a", 1, { timeoutMs: 40 })).rejects.toMatchObject({ code: "BUSBAR_TIMEOUT", topic: "a" });
    const waiting = bus.request("a", 1).catch((error: unknown) => error);
    await bus.close({ deadlineMs: 50 });
    expect(await waiting).toMatchObject({ code: "BUSBAR_CLOSED" });
  });

  it("expires at a broker that lets messages expire, so that nobody keeps what nobody waits for", async () => {
    const url = `memory://request-test-${++count}`;
    const expiring = memory({ url });
    const { open: openPlain } = expiring;
    expiring.open = async () => {
      const effective = await openPlain.call(expiring);
      return { ...effective, supports: { ...effective.supports, expiry: "native" } };
    };
    const sent: (number | undefined)[] = [];
    const { publish } = expiring;
    expiring.publish = (record, options) => {
      sent.push(record.expiresInMs);
      return publish.call(expiring, record, options);
    };
    const bus = await connect({ brokers: { main: expiring }, logger: quiet });
    open.push(bus);
    await bus.respond("a", () => 1);
    expect(await bus.request("a", 1, { timeoutMs: 1_000 })).toBe(1);
    expect(sent[0]).toBeGreaterThan(0);
    expect(sent[0]).toBeLessThanOrEqual(1_000);
  });

  it("never reaches a subscription, however wide, nor the dead letters", async () => {
    const { caller, server, warnings } = await twoBuses();
    const seen: unknown[] = [];
    await server.subscribe("**", { group: "audit" }, (payload) => void seen.push(payload));
    await server.respond("echo", (payload) => payload);
    expect(await caller.request("echo", { deep: [1] })).toEqual({ deep: [1] });
    await server.publish("ordinary", "marker");
    await expect.poll(() => seen).toEqual(["marker"]);
    await expect(caller.request("echo", "{", { contentType: "application/json" })).resolves.toBe("{");
    await expect(
      caller.request("echo", new TextEncoder().encode("{"), { contentType: "application/json" }),
    ).rejects.toMatchObject({ code: "BUSBAR_REMOTE", remoteName: "PayloadError" });
    expect(warnings).toEqual([expect.stringContaining("cannot be read")]);
  });
});
