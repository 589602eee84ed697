import { BusError } from "@busbar/core";
import type { Bus } from "@busbar/core";
import { describe, expect, it } from "vitest";
import { realBrokers } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";

const url = realBrokers.find(({ name }) => name === "kafka")?.url;
if (url === undefined) console.warn("Skipped: revoked partitions, for BUSBAR_TEST_KAFKA_URL is not set.");

const ascending = (one: number, other: number): number => one - other;

describe.skipIf(url === undefined)("a partition of Kafka that goes to another member", () => {
  const buses = new OpenBuses();
  const native = { heartbeatIntervalMs: 200, fetchWaitMs: 100, partitions: 2, revokeWaitMs: 300 };
  const member = (): Promise<Bus> => buses.connect("", { brokers: { main: { url: url ?? "", native } } });

  it("aborts the handlers that are still at it, and those alone", { timeout: 60_000 }, async () => {
    const [topic, group] = [unique("revoked"), unique("g")];
    const numbers = [0, 1, 2, 3, 4, 5, 6, 7];
    const options = { group, concurrency: 16, order: "none", retry: { attempts: 1 } } as const;
    const aborted = new Map<number, unknown>();
    const ending = new Map<number, () => void>();
    const attempts: number[] = [];
    const [one, two] = await Promise.all([member(), member()]);
    const first = await one.subscribe<number>(topic, options, (number, { signal, attempt }) => {
      attempts.push(attempt);
      return new Promise<void>((resolve, reject) => {
        ending.set(number, resolve);
        signal.addEventListener("abort", () => {
          aborted.set(number, signal.reason);
          reject(signal.reason as Error);
        });
      });
    });
    buses.forgetLater(one, topic, { group });
    await Promise.all(numbers.map((number) => one.publish(topic, number, { key: String(number) })));
    await expect.poll(() => ending.size, { timeout: 20_000 }).toBe(numbers.length);

    const elsewhere: number[] = [];
    const second = await two.subscribe<number>(topic, options, (number) => void elsewhere.push(number));
    await expect.poll(() => aborted.size, { timeout: 20_000 }).toBeGreaterThan(0);
    await expect.poll(() => elsewhere.toSorted(ascending)).toEqual([...aborted.keys()].toSorted(ascending));

    expect([...aborted.values()].every((reason) => BusError.is(reason) && reason.code === "BUSBAR_REVOKED")).toBe(true);
    expect(aborted.size, "one of the two partitions stays").toBeLessThan(numbers.length);
    const stayed = numbers.filter((number) => !aborted.has(number));
    for (const number of stayed) ending.get(number)?.();
    await expect.poll(() => first.health().handled, { timeout: 20_000 }).toBe(stayed.length);
    // What stayed comes again to the same member, takes no other run, and only then can be acknowledged.
    await expect.poll(() => first.health().lag, { timeout: 20_000 }).toBe(0);
    await Promise.all([first.close(), second.close()]);
    expect(first.health()).toMatchObject({ handled: stayed.length, failed: 0, deadLettered: 0, abandoned: 0 });
    expect(second.health()).toMatchObject({ handled: aborted.size, failed: 0 });
    expect(attempts).toEqual(numbers.map(() => 1));

    const left: unknown[] = [];
    const third = await two.subscribe(topic, options, (payload) => void left.push(payload));
    await one.publish(topic, "last");
    await expect.poll(() => left, { timeout: 20_000 }).toContain("last");
    expect(left, "all was acknowledged").toEqual(["last"]);
    await third.close();
  });
});
