import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { Brokers, foreign, outbound, request, unique } from "./fixtures.ts";

type Instance = Awaited<ReturnType<typeof startInstance>>;

const brokers = new Brokers("");
afterEach(() => brokers.close());

describe.skipIf(!(await canStartInstance("mosquitto")))("a server that does not tell what it is", () => {
  let instance: Instance;
  beforeAll(async () => {
    instance = await startInstance("mosquitto", { label: "mqtt-unknown", config: { settings: { sys_interval: 0 } } });
  });
  afterAll(() => instance.destroy());

  it("is found to keep dead letters, and left as it was", async () => {
    const observer = await foreign(instance.url);
    const kept: string[] = [];
    observer.on("message", (topic, payload) => payload.length > 0 && kept.push(topic));
    const bus = brokers.make({ url: instance.url });
    await expect(bus.open()).resolves.toMatchObject({
      product: "unknown",
      version: "unknown",
      supports: { deadLetters: "emulated", groups: "native", routing: "unsupported" },
      warnings: [],
    });
    await observer.subscribeAsync("#", { qos: 1 });
    await observer.publishAsync("end", "x", { qos: 1 });
    await expect.poll(() => kept).toContain("end");
    expect(kept).toEqual(["end"]);
    await observer.endAsync();
  });

  it("has its dead letters listed until it falls silent", async () => {
    const bus = await brokers.open({ url: instance.url });
    const group = unique();
    const slots = ["a", "b", "c"];
    for (const slot of slots) await bus.deadLetters.put(group, slot, outbound("x", slot));
    const handles: string[] = [];
    const began = performance.now();
    for await (const { handle } of bus.deadLetters.list(group)) handles.push(handle);
    expect(performance.now() - began).toBeGreaterThanOrEqual(495);
    expect(handles.sort()).toEqual(slots);
    await expect(bus.deadLetters.remove(group, [...slots, "never"])).resolves.toBe(3);
    await expect(bus.deadLetters.remove(group, slots)).resolves.toBe(0);
  });
});

describe.skipIf(!(await canStartInstance("mosquitto")))("a server that keeps less than was asked", () => {
  let instance: Instance;
  beforeAll(async () => {
    instance = await startInstance("mosquitto", {
      label: "mqtt-less",
      config: { settings: { retain_available: false } },
    });
  });
  afterAll(() => instance.destroy());

  it("has neither last values nor dead letters", async () => {
    const bus = brokers.make({ url: instance.url });
    await expect(bus.open()).resolves.toMatchObject({
      product: "unknown",
      supports: { retain: "unsupported", deadLetters: "unsupported", durable: "native" },
    });
    await expect(bus.deadLetters.put("g", "a", outbound("x", "y"))).rejects.toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
    });
    await expect(
      bus.subscribe(request("a", { durable: true }), () => {}).then((made) => made.remove()),
    ).resolves.toBeUndefined();
  });
});
