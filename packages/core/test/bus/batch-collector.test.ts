import { afterEach, expect, it, vi } from "vitest";
import { Bus, memory } from "../../src/index.ts";
import type { BatchHandler, BatchOptions, Subscription } from "../../src/index.ts";
import { settingsOn } from "./bus-settings.ts";
import { until } from "./until.ts";

let count = 0;
const open: Bus[] = [];

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((bus) => bus.close({ deadlineMs: 0 })));
});

interface Collecting {
  readonly publish: (payload: number) => Promise<unknown>;
  readonly subscription: Subscription;
}

async function collecting(options: BatchOptions, handler: BatchHandler<number>): Promise<Collecting> {
  const bus = new Bus(settingsOn(memory({ url: `memory://batch-collector-${++count}` })));
  open.push(bus);
  await bus.open();
  const subscription = await bus.subscribeBatch<number>("t", { group: "g", ...options }, handler);
  return { publish: (payload) => bus.publish("t", payload), subscription };
}

function gate(): { readonly open: () => void; readonly passed: Promise<void> } {
  let letPass: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (letPass = resolve));
  return { open: letPass, passed };
}

it("what has waited long enough while a batch ran is handled as soon as that has ended, however few there are", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const batches: number[][] = [];
  const first = gate();
  const { publish, subscription } = await collecting({ maxSize: 9, maxWaitMs: 60 }, async (batch) => {
    batches.push(batch.map(({ payload }) => payload));
    if (batches.length === 1) await first.passed;
  });
  await publish(1);
  await until(() => subscription.health().running === 1);
  await vi.advanceTimersByTimeAsync(60);
  expect(batches).toEqual([[1]]);
  await publish(2);
  await until(() => subscription.health().running === 2);
  await vi.advanceTimersByTimeAsync(60);
  expect(batches, "there is one batch at a time").toEqual([[1]]);
  first.open();
  await until(() => batches.length === 2);
  expect(batches).toEqual([[1], [2]]);
  await publish(3);
  await until(() => subscription.health().running === 1);
  await vi.advanceTimersByTimeAsync(59);
  expect(batches, "the next one waits for others again").toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(batches).toEqual([[1], [2], [3]]);
});

it("what has not waited long enough when a batch ends waits for the rest of its time, and no longer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const batches: number[][] = [];
  const first = gate();
  const { publish, subscription } = await collecting({ maxSize: 2, maxWaitMs: 60 }, async (batch) => {
    batches.push(batch.map(({ payload }) => payload));
    if (batches.length > 1) return;
    batch[0]?.message.ack();
    await first.passed;
  });
  await publish(1);
  await publish(2);
  await until(() => subscription.health().handled === 1);
  await publish(3);
  await until(() => subscription.health().running === 2);
  await vi.advanceTimersByTimeAsync(40);
  first.open();
  await until(() => subscription.health().handled === 2);
  await vi.advanceTimersByTimeAsync(19);
  expect(batches).toEqual([[1, 2]]);
  await vi.advanceTimersByTimeAsync(1);
  expect(batches).toEqual([[1, 2], [3]]);
});

it("a batch whose handler hangs is given up in time, so that it does not take its subscription with it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  const batches: number[][] = [];
  const aborted: unknown[] = [];
  const options = { maxSize: 1, maxWaitMs: 0, handlerTimeoutMs: 1_000, retry: { attempts: 2, backoffMs: 0 } };
  const { publish, subscription } = await collecting(options, (batch) => {
    batches.push(batch.map(({ payload }) => payload));
    if (batches.length > 1) return undefined;
    for (const { message } of batch) {
      message.signal.addEventListener("abort", () => void aborted.push(message.signal.reason));
      message.ack();
    }
    return new Promise(() => undefined);
  });
  await publish(1);
  await until(() => batches.length === 1);
  await vi.advanceTimersByTimeAsync(30_900);
  await publish(2);
  await until(() => subscription.health().running === 1);
  expect(batches).toEqual([[1]]);
  await vi.advanceTimersByTimeAsync(200);
  expect(batches).toEqual([[1], [2]]);
  await until(() => subscription.health().handled === 2);
  expect(aborted, "what was acknowledged is done").toEqual([]);
});

it("a batch that still runs when its subscription is closed leaves no timer behind", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const batches: unknown[] = [];
  const { publish, subscription } = await collecting({ maxSize: 1 }, (batch) => {
    batches.push(batch);
    return new Promise(() => undefined);
  });
  await publish(1);
  await until(() => batches.length === 1);
  expect(vi.getTimerCount()).toBe(1);
  const closed = subscription.close({ deadlineMs: 0 });
  await vi.advanceTimersByTimeAsync(0);
  await closed;
  expect(vi.getTimerCount()).toBe(0);
});

it("a message that was aborted while it waited for its batch is in none, and its next attempt is in one", async () => {
  const batches: { readonly payload: number; readonly aborted: boolean }[][] = [];
  const first = gate();
  const options = { maxSize: 2, maxWaitMs: 0, handlerTimeoutMs: 50, retry: { attempts: 1_000, backoffMs: 0 } };
  const { publish, subscription } = await collecting(options, async (batch) => {
    batches.push(batch.map(({ payload, message }) => ({ payload, aborted: message.signal.aborted })));
    if (batches.length === 1) await first.passed;
  });
  await publish(1);
  await until(() => batches.length === 1);
  await publish(2);
  // The first attempts of both are over, and so is the second of one of them.
  await until(() => subscription.health().failed > 2);
  first.open();
  await until(() => subscription.health().handled === 2);
  const later = batches.slice(1).flat();
  expect(later.filter(({ aborted }) => aborted)).toEqual([]);
  expect(later.map(({ payload }) => payload).sort((one, other) => one - other)).toEqual([1, 2]);
});
