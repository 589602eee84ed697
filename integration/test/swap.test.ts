import type { Bus, BusConfig } from "@busbar/core";
import { expect, it } from "vitest";
import { allBrokers, describeOn } from "./brokers.ts";
import { OpenBuses, quiet, unique } from "./open-buses.ts";
import { OrderHandlers } from "./order-handlers.ts";
import type { Seen } from "./order-handlers.ts";

const patience = { timeout: 30_000 };
const steps = [1, 2, 3, 4, 5];
const orders = ["a1", "b2"];
const failing = new Map([
  ["a1/2", "once"],
  ["b2/3", "always"],
  ["b2/4", "rejected"],
]);

async function publishSteps(bus: Bus, root: string): Promise<void> {
  const publishing = steps.flatMap((step) =>
    orders.map((order) => {
      const fails = failing.get(`${order}/${step}`);
      const headers = { trace: `${order}-${step}`, "X-Mixed": "ä ö" };
      return bus.publish(`${root}.${order}.step`, { step, ...(fails && { fails }) }, { key: order, headers });
    }),
  );
  await Promise.all(publishing);
}

/** What every broker has to lead to: the runs of each order, in order, with those that are repeated. */
function expectedRuns(order: string): unknown[] {
  return steps.flatMap((step) => {
    const fails = failing.get(`${order}/${step}`);
    const runs = fails === "once" ? 2 : fails === "always" ? 3 : 1;
    return Array.from({ length: runs }, (_, run) => seen(order, step, run + 1, { order }));
  });
}

function seen(order: string, step: number, attempt: number, params: object): Seen {
  const fails = failing.get(`${order}/${step}`);
  return {
    topic: `order.${order}.step`,
    payload: { step, ...(fails && { fails }) },
    params,
    key: order,
    headers: { trace: `${order}-${step}`, "X-Mixed": "ä ö" },
    contentType: "application/json",
    attempt,
  };
}

async function deadLettersOf(bus: Bus, { group }: OrderHandlers): Promise<unknown[]> {
  const letters: unknown[] = [];
  for await (const { topic, key, headers, body, contentType, reason, error, attempts } of bus
    .deadLetters(group)
    .list()) {
    const text = new TextDecoder().decode(body);
    letters.push({ order: topic.split(".")[1], key, headers, text, contentType, reason, error, attempts });
  }
  return letters;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

describeOn(allBrokers, "the same application", ({ url }) => {
  const buses = new OpenBuses();

  it("does the same, and only the URL differs", { timeout: 60_000 }, async () => {
    const root = unique("swap");
    const handlers = new OrderHandlers(root);
    const bus = await buses.connect(url);
    buses.forgetLater(bus, handlers.filter, { group: handlers.group });
    await handlers.subscribe(bus);

    await publishSteps(bus, root);

    await expect.poll(() => handlers.handled.length, patience).toBe(13);
    for (const order of orders)
      expect(handlers.handled.filter(({ key }) => key === order)).toEqual(expectedRuns(order));
    await expect.poll(() => handlers.observed.length, patience).toBe(10);
    for (const order of orders)
      expect(handlers.observed.filter(({ key }) => key === order)).toEqual(
        steps.map((step) => seen(order, step, 1, {})),
      );
    const dead = { order: "b2", key: "b2", contentType: "application/json" };
    await expect
      .poll(async () => deadLettersOf(bus, handlers), patience)
      .toEqual([
        {
          ...dead,
          headers: { trace: "b2-3", "X-Mixed": "ä ö" },
          text: '{"step":3,"fails":"always"}',
          reason: "attempts-exhausted",
          error: "Error: step 3 failed",
          attempts: 3,
        },
        {
          ...dead,
          headers: { trace: "b2-4", "X-Mixed": "ä ö" },
          text: '{"step":4,"fails":"rejected"}',
          reason: "rejected",
          error: expect.stringContaining("no such order") as string,
          attempts: 1,
        },
      ]);
    expect(await bus.deadLetters(handlers.group).drop()).toBe(2);
  });

  it("gets every payload as it was sent, whatever envelope it looks like", async () => {
    const topic = unique("payload");
    const bus = await buses.connect(url);
    const payloads: unknown[] = [
      { key: "k", value: "v", headers: { a: "1" } },
      { pattern: "p", data: [1], id: "7" },
      { topic: "other.topic", payload: { inner: true } },
      { type: "Buffer", data: [1, 2] },
      ["an", { array: true }, null],
      null,
      0,
      -1.5,
      true,
      "text",
      "",
      {},
      [],
      new Uint8Array([0, 255, 128, 10]),
      new Uint8Array(0),
    ];
    const received: unknown[] = [];
    await bus.subscribe(topic, { order: "all" }, (payload) => received.push(payload));

    for (const payload of payloads) await bus.publish(topic, payload, { key: "one" });
    await bus.publish(topic, "", { key: "one", contentType: "text/plain" });
    await bus.publish(topic, "línea\n", { key: "one", contentType: "text/plain; charset=utf-8" });

    await expect.poll(() => received, patience).toEqual([...payloads, "", "línea\n"]);
  });

  it("takes a frozen configuration, for two buses at once, and changes nothing in it", async () => {
    const topic = unique("frozen");
    const config: BusConfig = deepFreeze({
      service: "integration",
      instance: unique("i"),
      brokers: { main: { url, publish: { maxInFlight: 8 }, fold: { "never.**": "never" }, native: {} } },
      policies: { "report.*": { retry: { attempts: 5 }, concurrency: 8 } },
      logger: quiet,
    });
    const [one, two] = await Promise.all([buses.connectTo(config), buses.connectTo(config)]);
    const received: string[] = [];
    const options = deepFreeze({ concurrency: 2, retry: { attempts: 2 } });
    await one.subscribe(topic, options, (payload) => received.push(`one ${String(payload)}`));
    await two.subscribe(topic, options, (payload) => received.push(`two ${String(payload)}`));

    const publish = deepFreeze({ key: "k", headers: { a: "1" } });
    await Promise.all([one.publish(topic, 1, publish), two.publish(topic, 2, publish)]);

    await expect.poll(() => received.toSorted(), patience).toEqual(["one 1", "one 2", "two 1", "two 2"]);
    expect(one.health().status).toBe("ok");
    expect(two.health().status).toBe("ok");
  });
});
