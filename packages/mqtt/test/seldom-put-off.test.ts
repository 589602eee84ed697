import type { MqttClient } from "mqtt";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { putPingsOffSeldom } from "../src/seldom-put-off.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** A client that notes when its next ping was put off, and whether that was forced. */
function client(): { readonly client: MqttClient; readonly calls: readonly (boolean | undefined)[] } {
  const calls: (boolean | undefined)[] = [];
  const noting = { reschedulePing: (force?: boolean) => void calls.push(force) } as MqttClient;
  putPingsOffSeldom(noting);
  return { client: noting, calls };
}

it("puts a ping off once for all that comes within a moment, and again for what comes after it", () => {
  const { client: busy, calls } = client();
  for (let count = 0; count < 1000; count++) busy.reschedulePing();
  expect(calls).toHaveLength(1);
  vi.advanceTimersByTime(99);
  busy.reschedulePing();
  expect(calls).toHaveLength(1);
  vi.advanceTimersByTime(1);
  busy.reschedulePing();
  expect(calls).toHaveLength(2);
});

it("puts it off at once where that is forced, as for the answer to a ping", () => {
  const { client: busy, calls } = client();
  busy.reschedulePing();
  busy.reschedulePing(true);
  busy.reschedulePing(true);
  expect(calls).toEqual([false, true, true]);
});
