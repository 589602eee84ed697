import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BusError } from "@busbar/core/driver";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { acknowledging, Brokers, Inbox, outbound, request, status, unique } from "./fixtures.ts";

describe.skipIf(!(await canStartInstance("mosquitto")))("over a restart of the server", () => {
  let instance: Awaited<ReturnType<typeof startInstance>>;
  const brokers = new Brokers("");
  beforeAll(async () => {
    instance = await startInstance("mosquitto", { label: "mqtt-restart" });
  });
  afterEach(() => brokers.close());
  afterAll(() => instance.destroy());

  it("loses nothing that was confirmed, twice, under load", { timeout: 60_000 }, async () => {
    const bus = await brokers.open({ url: instance.url });
    const topic = unique();
    const inbox = acknowledging();
    const subscriber = await bus.subscribe(request(topic, { durable: true, maxInFlight: 16 }), inbox.sink);
    const confirmed = new Set<string>();
    let loading = true;
    let next = 0;
    const load = async (): Promise<void> => {
      while (loading) {
        const body = String(next++);
        // As core does: the same message again until it is confirmed.
        for (;;) {
          const outcome = await bus.publish(outbound(topic, body)).then(
            () => "confirmed",
            (error: unknown) => (BusError.is(error) && error.retryable ? "again" : "refused"),
          );
          if (outcome === "confirmed") break;
          expect(outcome).toBe("again");
          await status(bus, "connected");
        }
        confirmed.add(body);
      }
    };
    const loads = Array.from({ length: 8 }, load);
    for (let round = 0; round < 2; round++) {
      await inbox.received(inbox.deliveries.length + 500);
      const [connected, back] = [status(bus, "connected"), status(bus, "subscription", (told) => told.connected)];
      await instance.restart();
      await Promise.all([connected, back]);
    }
    await inbox.received(inbox.deliveries.length + 500);
    loading = false;
    await Promise.all(loads);
    const missing = (): string[] => [...confirmed].filter((body) => !received.has(body));
    let received = new Set(inbox.texts);
    await expect
      .poll(() => {
        received = new Set(inbox.texts);
        return missing();
      })
      .toEqual([]);
    expect(confirmed.size).toBeGreaterThan(1000);
    await subscriber.remove();
  });

  it("a group is served again, although mosquitto keeps its session and forgets its subscription", async () => {
    const bus = await brokers.open({ url: instance.url });
    const asked = request(unique(), { durable: true, group: "kitchen" });
    const inbox = acknowledging();
    const subscriber = await bus.subscribe(asked, inbox.sink);
    const again = [status(bus, "connected"), status(bus, "subscription", (told) => told.connected)];
    await instance.restart();
    await Promise.all(again);
    await bus.publish(outbound(asked.filter, "x"));
    await expect.poll(() => inbox.texts).toEqual(["x"]);
    await subscriber.remove();
  }, 60_000);

  it("a server without memory is told as a lost position, and served again", { timeout: 60_000 }, async () => {
    const forgetful = await startInstance("mosquitto", {
      label: "mqtt-forgetful",
      config: { settings: { persistence: false } },
    });
    try {
      const bus = await brokers.open({ url: forgetful.url });
      const asked = request(unique(), { durable: true });
      const inbox = new Inbox();
      await bus.subscribe(asked, inbox.sink);
      const [position, back, connected] = [
        status(bus, "position-lost"),
        status(bus, "subscription", (told) => told.connected),
        status(bus, "connected"),
      ];
      await forgetful.restart();
      await expect(position).resolves.toMatchObject({ name: asked.name });
      await Promise.all([back, connected]);
      await bus.publish(outbound(asked.filter, "x"));
      await inbox.received(1);
    } finally {
      await brokers.close();
      await forgetful.destroy();
    }
  });

  it("a server that freezes is left, and found again", { timeout: 60_000 }, async () => {
    const bus = await brokers.open({ url: instance.url, native: { keepaliveSeconds: 1 }, connectTimeoutMs: 1000 });
    const asked = request(unique(), { durable: true });
    const inbox = acknowledging();
    const subscriber = await bus.subscribe(asked, inbox.sink);
    const lost = [status(bus, "disconnected"), status(bus, "subscription", (told) => !told.connected)];
    instance.pause();
    try {
      await expect(bus.publish(outbound(asked.filter, "x"))).rejects.toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN" });
      await Promise.all(lost);
    } finally {
      instance.resume();
    }
    await Promise.all([status(bus, "connected"), status(bus, "subscription", (told) => told.connected)]);
    await bus.publish(outbound(asked.filter, "y"));
    await expect.poll(() => inbox.texts).toContain("y");
    await subscriber.remove();
  });
});
