import type { DeadLetters } from "@busbar/core";
import { Reject } from "@busbar/core";
import { jetstream } from "@nats-io/jetstream";
import { connect as connectNats, headers as natsHeaders } from "@nats-io/transport-node";
import amqplib from "amqplib";
import { Kafka, logLevel } from "kafkajs";
import mqtt from "mqtt";
import { expect, it } from "vitest";
import { describeOn, realBrokers } from "./brokers.ts";
import type { TestBroker } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";

const text = "not one of the bus's";
const contentType = "application/vnd.busbar.dead-letter+json";
const patience = { timeout: 15_000 };

/** Puts what is no dead letter among those of a group, with a plain client. */
const puts: Readonly<Partial<Record<TestBroker["name"], (url: string, group: string) => Promise<unknown>>>> = {
  async mqtt(url, group) {
    const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
    await client.publishAsync(`_busbar/dlq/${group}/foreign`, text, {
      qos: 1,
      retain: true,
      properties: { contentType },
    });
    await client.endAsync();
  },
  async amqp(url, group) {
    const connection = await amqplib.connect(url);
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue(`_busbar.dlq.${group}`, Buffer.from(text), { contentType, persistent: true });
    await channel.waitForConfirms();
    await connection.close();
  },
  async nats(url, group) {
    const connection = await connectNats({ servers: new URL(url).host });
    const headers = natsHeaders();
    headers.set("content-type", contentType);
    await jetstream(connection).publish(`_busbar.dlq.${group}.foreign`, text, { headers });
    await connection.close();
  },
  async kafka(url, group) {
    const producer = new Kafka({ brokers: [new URL(url).host], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    const message = { key: "foreign", value: text, headers: { "content-type": contentType } };
    await producer.send({ topic: `_busbar.dlq.${group}`, messages: [message] });
    await producer.disconnect();
  },
};

describeOn(realBrokers, "what a foreign hand has put among dead letters", ({ name, url }) => {
  const buses = new OpenBuses();

  it("is listed as its bytes and dropped, and keeps none of the others from being replayed", patience, async () => {
    const [bus, topic, group] = [await buses.connect(url), unique("foreign"), unique("g")];
    const handled: unknown[] = [];
    let broken = true;
    await bus.subscribe(topic, { group }, (payload) => {
      if (broken) throw new Reject("for now");
      handled.push(payload);
    });
    buses.forgetLater(bus, topic, { group });
    const letters = bus.deadLetters(group);
    await bus.publish(topic, "ours");
    await expect.poll(() => bodiesOf(letters), patience).toEqual(['"ours"']);
    broken = false;

    await puts[name]?.(url, group);

    await expect.poll(async () => (await bodiesOf(letters)).toSorted(), patience).toEqual(['"ours"', text]);
    expect(await letters.replay()).toBe(1);
    await expect.poll(() => handled, patience).toEqual(["ours"]);
    expect(await letters.drop(({ reason }) => reason === "undecodable")).toBe(1);
    await expect.poll(() => bodiesOf(letters), patience).toEqual([]);
  });
});

async function bodiesOf(letters: DeadLetters): Promise<string[]> {
  const bodies: string[] = [];
  for await (const { body } of letters.list()) bodies.push(new TextDecoder().decode(body));
  return bodies;
}
