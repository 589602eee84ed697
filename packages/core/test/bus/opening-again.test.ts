import { expect, it } from "vitest";
import type { AbortOptions } from "../../src/contract/index.ts";
import { Bus, ConnectionError, memory, RefusedError } from "../../src/index.ts";
import { settingsOn } from "./bus-settings.ts";

it("a subscribe during an opening that failed is refused with it, and does not spoil those after the next opening", async () => {
  const broker = memory({ url: "memory://opening-again" });
  const openBroker = broker.open.bind(broker);
  broker.open = () => Promise.reject(new ConnectionError("nobody is there"));
  const bus = new Bus(settingsOn(broker, { connectTimeoutMs: 50 }));
  const opening = bus.open().catch((error: unknown) => error);
  const subscribing = bus.subscribe("a", () => undefined).catch((error: unknown) => error);
  const forgetting = bus.forget({ filter: "a", group: "g" }).catch((error: unknown) => error);
  for (const refused of [opening, subscribing, forgetting])
    expect(await refused).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
  broker.open = openBroker;
  await bus.open();
  const seen: unknown[] = [];
  await bus.subscribe("a", (payload) => void seen.push(payload));
  await bus.respond("b", () => "answer");
  expect(await bus.request("b", 1)).toBe("answer");
  await bus.forget({ filter: "a", group: "g" });
  await bus.publish("a", 1);
  await expect.poll(() => seen).toEqual([1]);
  await bus.close();
});

it("an attempt to open a broker that takes longer than connectTimeoutMs is cut, also where the driver itself would wait longer", async () => {
  const broker = memory({ url: "memory://opening-endless" });
  broker.open = (options?: AbortOptions) =>
    new Promise<never>((_, reject) => {
      options?.signal?.addEventListener("abort", () => reject(options.signal?.reason as Error));
    });
  const bus = new Bus(settingsOn(broker, { connectTimeoutMs: 50 }));
  await expect(bus.open()).rejects.toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true, broker: "main" });
  await bus.close();
});

it("a broker that has refused for good is not asked again by every subscribe, and is by the next opening", async () => {
  const broker = memory({ url: "memory://opening-refused" });
  const openBroker = broker.open.bind(broker);
  let asked = 0;
  broker.open = () => {
    asked++;
    return Promise.reject(new RefusedError("wrong password", { code: "BUSBAR_AUTHENTICATION" }));
  };
  const bus = new Bus(settingsOn(broker, { connectTimeoutMs: 50 }));
  const opening = bus.open().catch((error: unknown) => error);
  const subscribe = (): Promise<unknown> => bus.subscribe("a", () => undefined).catch((error: unknown) => error);
  for (const refused of [opening, subscribe()])
    expect(await refused).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
  const background = new Bus(settingsOn(broker, { start: "background" }));
  await background.open();
  for (let times = 0; times < 3; times++) {
    const subscription = await background.subscribe("a", () => undefined);
    await expect(subscription.ready).rejects.toMatchObject({ code: "BUSBAR_AUTHENTICATION" });
  }
  expect(asked).toBe(2);
  broker.open = openBroker;
  await bus.open();
  expect(await subscribe()).toMatchObject({ filter: "a" });
  await Promise.all([bus.close(), background.close()]);
});
