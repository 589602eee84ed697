import { expect, it } from "vitest";
import { connect, memory } from "../../src/index.ts";

it("one signal for many publishes, requests and subscriptions is no leak to warn of, and still cancels each", async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on("warning", listen);
  const broker = memory({ url: "memory://one-signal" });
  const bus = await connect({ service: "tests", brokers: { main: broker } });
  const over = new AbortController();
  const { signal } = over;
  const held = Array.from({ length: 20 }, (_, index) => index);
  await bus.respond("never", () => new Promise(() => undefined));
  const subscriptions = await Promise.all(
    held.map((index) => bus.subscribe(`a.${index}`, { signal }, () => undefined)),
  );
  const requests = held.map((index) => bus.request("never", index, { signal }));
  const publishes = held.map((index) => bus.publish(`a.${index}`, index, { signal }));
  await Promise.all(publishes);
  over.abort();
  for (const outcome of await Promise.allSettled(requests))
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "BUSBAR_CANCELED" } });
  await expect.poll(() => bus.health().subscriptions.length).toBe(1);
  expect(subscriptions).toHaveLength(20);
  await bus.close({ deadlineMs: 0 });
  process.off("warning", listen);
  expect(warnings).toEqual([]);
});
