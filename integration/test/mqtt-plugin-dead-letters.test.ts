import { connect } from "@busbar/core";
import type { DeadLetter } from "@busbar/core";
import { expect, it, describe } from "vitest";
import { leaveOut } from "../support/leave-out.ts";
import { OpenBuses, quiet, unique } from "./open-buses.ts";

const amqp = process.env["BUSBAR_TEST_RABBITMQ_URL"] || undefined;
const mqtt = process.env["BUSBAR_TEST_RABBITMQ_MQTT_URL"] || undefined;
const isThere = amqp !== undefined && mqtt !== undefined;
if (!isThere) leaveOut("dead letters of RabbitMQ's MQTT plugin, for there is no RabbitMQ with it.");

/** The preset of docs/brokers/mqtt.md: a plugin that keeps no dead letters, and the same server over AMQP, which does. */
describe.skipIf(!isThere)("dead letters of RabbitMQ's MQTT plugin", () => {
  const buses = new OpenBuses();
  const brokers = { edge: { url: mqtt ?? "", native: { protocolVersion: 4 } }, log: amqp ?? "" };

  it("lie on AMQP, are listed there, and come back to the subscription on MQTT", async () => {
    const [topic, service] = [unique("sensor"), unique("saver")];
    const policies = { [topic]: { deadLetter: { broker: "log" }, retry: { attempts: 1 } } };
    const bus = await buses.connectTo({ service, instance: "0", brokers, policies, logger: quiet });
    let isBroken = true;
    const saved: unknown[] = [];
    await bus.subscribe(topic, (celsius) => {
      if (isBroken) throw new Error("the database is full");
      saved.push(celsius);
    });
    await bus.publish(topic, { celsius: 21.5 });

    const letters = bus.deadLetters(service, { broker: "log" });
    const listed = async (): Promise<DeadLetter[]> => {
      const found: DeadLetter[] = [];
      for await (const letter of letters.list()) found.push(letter);
      return found;
    };
    await expect.poll(listed).toHaveLength(1);
    const [letter] = await listed();
    expect(letter).toMatchObject({ topic, reason: "attempts-exhausted", attempts: 1 });
    expect(letter?.error).toContain("the database is full");
    expect(new TextDecoder().decode(letter?.body)).toBe('{"celsius":21.5}');

    isBroken = false;
    await expect(letters.replay()).resolves.toBe(1);
    await expect.poll(() => saved).toEqual([{ celsius: 21.5 }]);
    await expect(listed()).resolves.toEqual([]);
  });

  it("are an error when the bus starts and names no other broker, or a plugin again", async () => {
    const service = unique("saver");
    const without = await buses.connectTo({ service, instance: "0", brokers, logger: quiet });
    await expect(without.subscribe(unique("sensor"), () => undefined)).rejects.toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
      message: expect.stringContaining("deadLetter: { broker }") as string,
    });
    await expect(without.deadLetters(service, { broker: "edge" }).drop()).rejects.toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
    });

    const policies = { "sensor.**": { deadLetter: { broker: "edge" } } };
    const started = connect({ service, instance: "0", brokers, policies, logger: quiet });
    await expect(started).rejects.toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
      message: expect.stringMatching(/policies.*sensor\.\*\*.*dead letters/s) as string,
    });
  });
});
