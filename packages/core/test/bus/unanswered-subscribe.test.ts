import { describe, expect, it } from "vitest";
import { Bus, ClosedError, MemoryBroker } from "../../src/index.ts";
import type { BusSettings } from "../../src/index.ts";
import type { Delivery, Subscriber, SubscribeRequest } from "../../src/contract/index.ts";
import { MemoryServer } from "../../src/memory/memory-server.ts";
import { settingsOn } from "./bus-settings.ts";

/** A broker whose server does not answer who subscribes until it is told to; closing ends the wait. */
class SilentBroker extends MemoryBroker {
  asked: () => void = () => undefined;
  /** Resolves once it was asked to subscribe. */
  readonly wasAsked: Promise<void> = new Promise((resolve) => (this.asked = resolve));
  answer: () => void = () => undefined;
  #give: (error: Error) => void = () => undefined;
  readonly #answered = new Promise<void>((resolve, reject) => {
    this.answer = resolve;
    this.#give = reject;
  });

  override async subscribe(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    this.asked();
    await this.#answered;
    return super.subscribe(request, sink);
  }

  override async close(): Promise<void> {
    this.#give(new ClosedError("The broker was closed."));
    await super.close();
  }
}

async function busOn(broker: MemoryBroker, start: BusSettings["start"] = "foreground"): Promise<Bus> {
  const bus = new Bus(settingsOn(broker, { start }));
  await bus.open();
  return bus;
}

describe("a subscribe that its broker does not answer", () => {
  it("ends with its bus, whose close does not wait for longer than its deadline", async () => {
    const broker = new SilentBroker(new MemoryServer());
    const bus = await busOn(broker);
    const subscribing = bus.subscribe("a", () => undefined).catch((error: unknown) => error);
    await broker.wasAsked;
    await bus.close({ deadlineMs: 20 });
    expect(await subscribing).toBeInstanceOf(ClosedError);
    expect(bus.health().subscriptions).toEqual([]);
  });

  it("leaves nothing behind when it is answered after it was given up", async () => {
    const broker = new SilentBroker(new MemoryServer());
    const bus = await busOn(broker, "background");
    const subscription = await bus.subscribe("a", () => undefined);
    await broker.wasAsked;
    await subscription.close({ deadlineMs: 20 });
    broker.answer();
    await subscription.ready;
    expect((await bus.publish("a", 1)).routed).toBe(false);
    expect(bus.health().subscriptions).toEqual([]);
    await bus.close();
  });
});
