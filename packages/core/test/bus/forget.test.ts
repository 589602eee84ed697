import { afterEach, describe, expect, it } from "vitest";
import { Bus, ConnectionError, memory, RefusedError } from "../../src/index.ts";
import type { MemoryBroker } from "../../src/index.ts";
import type { Subscriber } from "../../src/contract/index.ts";
import { settingsOn } from "./bus-settings.ts";

let count = 0;
const open: Bus[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close({ deadlineMs: 0 })));
});

/** The broker in memory, with each subscriber changed, and what it was asked and has handed out written down. */
class WatchedBroker {
  readonly broker: MemoryBroker = memory({ url: `memory://forget-${++count}` });
  readonly closed: string[] = [];
  handedOut = 0;
  change: (subscriber: Subscriber) => Partial<Subscriber> = () => ({});
  refusal: Error | undefined;

  constructor() {
    const subscribe = this.broker.subscribe.bind(this.broker);
    this.broker.subscribe = async (request, sink) => {
      if (this.refusal !== undefined) throw this.refusal;
      const subscriber = await subscribe(request, (delivery) => {
        this.handedOut++;
        sink(delivery);
      });
      const close = subscriber.close.bind(subscriber);
      const told = {
        close: () => {
          this.closed.push(request.name);
          return close();
        },
      };
      return Object.assign(subscriber, told, this.change(subscriber));
    };
  }
}

async function busOn({ broker }: WatchedBroker): Promise<Bus> {
  const bus = new Bus(settingsOn(broker));
  open.push(bus);
  await bus.open();
  return bus;
}

const forgotten = { group: "g", filter: "t" };

describe("forgetting a subscription", () => {
  it("is done where its broker says that there is none", async () => {
    const watched = new WatchedBroker();
    const bus = await busOn(watched);
    watched.refusal = new RefusedError("there is no such queue", { code: "BUSBAR_NOT_FOUND" });
    await bus.forget(forgotten);
    watched.refusal = undefined;
    watched.change = () => ({
      remove: () => Promise.reject(new RefusedError("it is gone by now", { code: "BUSBAR_NOT_FOUND" })),
    });
    await bus.forget(forgotten);
    expect(watched.closed).toHaveLength(1);
    watched.refusal = new RefusedError("you may not", { code: "BUSBAR_REFUSED" });
    await expect(bus.forget(forgotten)).rejects.toBe(watched.refusal);
  });

  it.each([
    ["be stopped", (refused: Error) => () => ({ stop: () => Promise.reject(refused) })],
    ["be removed", (refused: Error) => () => ({ remove: () => Promise.reject(refused) })],
  ])("that could not %s leaves nobody behind who takes its messages", async (_, changing) => {
    const error = new ConnectionError("not connected at the moment");
    const watched = new WatchedBroker();
    const bus = await busOn(watched);
    await (await bus.subscribe("t", { group: "g" }, () => undefined)).close();
    watched.closed.length = 0;
    watched.change = changing(error);
    await expect(bus.forget(forgotten)).rejects.toBe(error);
    expect(watched.closed).toHaveLength(1);
    watched.change = () => ({});
    for (const payload of [1, 2]) await bus.publish("t", payload);
    const seen: unknown[] = [];
    await bus.subscribe("t", { group: "g" }, (payload, { redelivered }) => void seen.push([payload, redelivered]));
    await expect
      .poll(() => seen)
      .toEqual([
        [1, false],
        [2, false],
      ]);
  });

  it("takes one message at most, and that once, while it asks to have it deleted", async () => {
    const watched = new WatchedBroker();
    const bus = await busOn(watched);
    await (await bus.subscribe("t", { group: "g" }, () => undefined)).close();
    for (const payload of [1, 2, 3]) await bus.publish("t", payload);
    let refuse: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (refuse = resolve));
    const error = new ConnectionError("not connected at the moment");
    let stop: () => void = () => undefined;
    const stopping = new Promise<void>((resolve) => (stop = resolve));
    // A server that takes its time to hear that no more is wanted.
    watched.change = (subscriber) => {
      const stopped = subscriber.stop.bind(subscriber);
      return { stop: () => stopping.then(stopped), remove: () => asked.then(() => Promise.reject(error)) };
    };
    const forgetting = bus.forget(forgotten);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    stop();
    refuse();
    await expect(forgetting).rejects.toBe(error);
    expect(watched.handedOut).toBeLessThan(2);
    watched.change = () => ({});
    const seen: unknown[] = [];
    await bus.subscribe(
      "t",
      { group: "g", maxDeliveries: 2, retry: { attempts: 1 } },
      (payload) => void seen.push(payload),
    );
    await expect.poll(() => seen).toEqual([1, 2, 3]);
  });
});
