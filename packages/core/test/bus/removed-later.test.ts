import { afterEach, describe, expect, it } from "vitest";
import { Bus, ConnectionError, memory } from "../../src/index.ts";
import type { BusSettings, MemoryBroker } from "../../src/index.ts";
import type { EffectiveCapabilities, Subscriber } from "../../src/contract/index.ts";
import { settingsOn } from "./bus-settings.ts";

let count = 0;
const open: Bus[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close({ deadlineMs: 0 })));
});

function newBroker(): MemoryBroker {
  return memory({ url: `memory://removed-later-${++count}` });
}

async function busOn(broker: MemoryBroker, start: BusSettings["start"] = "foreground"): Promise<Bus> {
  const bus = new Bus(settingsOn(broker, { start }));
  open.push(bus);
  await bus.open();
  return bus;
}

describe("removing a subscription", () => {
  it("deletes it at the broker also after it was closed, and while it is being closed", async () => {
    const bus = await busOn(newBroker());
    for (const wait of [true, false]) {
      const subscription = await bus.subscribe("a", { group: "g" }, () => undefined);
      const closed = subscription.close();
      if (wait) await closed;
      await subscription.remove();
      await closed;
      expect(await bus.publish("a", 1), `closed before: ${wait}`).toMatchObject({ routed: false });
    }
  });

  it("is tried again where it was rejected, and is over once it was not", async () => {
    const broker = newBroker();
    let tries = 0;
    const subscribe = broker.subscribe.bind(broker);
    broker.subscribe = async (...call) => {
      const subscriber: Subscriber = await subscribe(...call);
      const remove = subscriber.remove.bind(subscriber);
      return Object.assign(subscriber, {
        remove: () => (++tries === 1 ? Promise.reject(new ConnectionError("not connected at the moment")) : remove()),
      });
    };
    const bus = await busOn(broker);
    const subscription = await bus.subscribe("a", { group: "g" }, () => undefined);
    await expect(subscription.remove()).rejects.toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    expect(subscription.health().state).toBe("closed");
    await subscription.close();
    expect(await bus.publish("a", 1)).toMatchObject({ routed: true });
    await subscription.remove();
    expect(await bus.publish("a", 1)).toMatchObject({ routed: false });
    await subscription.remove();
    expect(tries).toBe(2);
  });

  it("says what to do once its bus is closed, since nothing can be deleted then", async () => {
    const bus = await busOn(newBroker());
    const kept = await bus.subscribe("a", { group: "g" }, () => undefined);
    const passing = await bus.subscribe("a", () => undefined);
    await bus.close();
    await expect(kept.remove()).rejects.toMatchObject({
      code: "BUSBAR_CLOSED",
      message: expect.stringContaining("forget()") as string,
    });
    await passing.remove();
  });

  it("says what to do where it was never made, since something may be kept from before", async () => {
    const broker = newBroker();
    let come: () => void = () => undefined;
    const away = new Promise<void>((resolve) => (come = resolve));
    const openBroker = broker.open.bind(broker);
    broker.open = (): Promise<EffectiveCapabilities> => away.then(openBroker);
    const bus = await busOn(broker, "background");
    const subscription = await bus.subscribe("a", { group: "g" }, () => undefined);
    await expect(subscription.remove()).rejects.toMatchObject({
      code: "BUSBAR_CLOSED",
      message: expect.stringContaining("forget()") as string,
    });
    come();
    await subscription.ready;
    expect(await bus.publish("a", 1)).toMatchObject({ routed: false });
  });

  it("ends in the shortest time that anybody gives it", async () => {
    const bus = await busOn(newBroker());
    const subscription = await bus.subscribe("a", { group: "g" }, () => new Promise(() => undefined));
    await bus.publish("a", 1);
    await expect.poll(() => subscription.health().running).toBe(1);
    const patient = subscription.close({ deadlineMs: 60_000 });
    await subscription.remove({ deadlineMs: 0 });
    await patient;
    expect(await bus.publish("a", 1)).toMatchObject({ routed: false });
  });
});
