import { Reject } from "@busbar/core";
import { expect, it } from "vitest";
import { describeOn, realBrokers } from "./brokers.ts";
import { OpenBuses, quiet, unique } from "./open-buses.ts";

const mqtt = realBrokers.filter(({ name }) => name === "mqtt");

describeOn(mqtt, "a bus that is not given its own messages", ({ url }) => {
  const buses = new OpenBuses();
  const config = { brokers: { main: { url, native: { noLocal: true } } }, logger: quiet };

  it("is given what it passes on: dead letters, and what is replayed of them", async () => {
    const service = unique("own");
    const [bus, other] = [await buses.connectTo({ ...config, service, instance: "0" }), await buses.connect(url)];
    const [topic, dead] = [unique("job"), unique("dead")];
    const handled: unknown[] = [];
    let again: (payload: unknown) => void = () => undefined;
    const replayed = new Promise((resolve) => (again = resolve));
    const reject = { durable: true, retry: { attempts: 1 } };
    await bus.subscribe(topic, reject, (payload) => {
      handled.push(payload);
      if (handled.length === 1) throw new Reject("not yet");
      again(payload);
    });
    buses.forgetLater(bus, topic, {});
    await bus.publish(topic, "own");
    await other.publish(topic, "foreign");

    const letters = bus.deadLetters(service);
    await expect.poll(() => bus.health().subscriptions[0]?.deadLettered).toBe(1);
    expect(await letters.replay()).toBe(1);
    await replayed;
    expect(handled).toEqual(["foreign", "foreign"]);

    const buried = new Promise((resolve) => void bus.subscribe(dead, resolve));
    const refusing = unique("refused");
    await bus.subscribe(refusing, { deadLetter: { topic: dead } }, () => {
      throw new Reject("never");
    });
    await other.publish(refusing, "refused");
    expect(await buried).toBe("refused");
  });

  it("answers its own requests", async () => {
    const bus = await buses.connectTo(config);
    const topic = unique("twice");
    await bus.respond<number>(topic, (number) => 2 * number);
    expect(await bus.request(topic, 21)).toBe(42);
  });
});
