import { afterEach, describe, expect, it } from "vitest";
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { OpenBuses, unique } from "./open-buses.ts";

const amqpUrl = process.env["BUSBAR_TEST_RABBITMQ_URL"] ?? "";
const mqttUrl = process.env["BUSBAR_TEST_RABBITMQ_MQTT_URL"] ?? "";
const possible = amqpUrl !== "" && mqttUrl !== "";
const needs = possible ? "" : " (needs BUSBAR_TEST_RABBITMQ_URL and BUSBAR_TEST_RABBITMQ_MQTT_URL)";
if (!possible) console.warn(`Skipped: a device on RabbitMQ's MQTT plugin${needs}.`);

describe.skipIf(!possible)(`a device on RabbitMQ's MQTT plugin${needs}`, () => {
  const buses = new OpenBuses();
  const devices: MqttClient[] = [];

  afterEach(async () => {
    await Promise.all(devices.splice(0).map((client) => client.endAsync(true)));
  });

  async function device(): Promise<MqttClient> {
    const client = await mqtt.connectAsync(mqttUrl, { protocolVersion: 4, reconnectPeriod: 0 });
    devices.push(client);
    return client;
  }

  it("reaches subscribers of the bus on AMQP, by topic, by wildcards and in a group", async () => {
    const [root, bus, sensor] = [unique("bridge"), await buses.connect(amqpUrl), await device()];
    const received: string[] = [];
    const note = (label: string) => (payload: unknown, message: { topic: string; params: object }) =>
      received.push(`${label} ${message.topic.replace(root, "r")} ${JSON.stringify([payload, message.params])}`);
    await bus.subscribe(`${root}.kitchen.temperature`, note("one"));
    await bus.subscribe(`${root}.{room}.temperature`, note("any"));
    await bus.subscribe(`${root}.**`, { group: `${root}-all` }, note("all"));
    buses.forgetLater(bus, `${root}.**`, { group: `${root}-all` });

    await sensor.publishAsync(`${root}/kitchen/temperature`, '{"celsius":21.5}', { qos: 1 });
    await sensor.publishAsync(`${root}/living room/temperature`, "warm", { qos: 0 });

    await expect
      .poll(() => received.toSorted(), { timeout: 15_000 })
      .toEqual(
        [
          'all r.kitchen.temperature [{"celsius":21.5},{}]',
          'all r.living_x20_room.temperature ["warm",{}]',
          'any r.kitchen.temperature [{"celsius":21.5},{"room":"kitchen"}]',
          'any r.living_x20_room.temperature ["warm",{"room":"living room"}]',
          'one r.kitchen.temperature [{"celsius":21.5},{}]',
        ].toSorted(),
      );
  });

  it("receives what the bus publishes on AMQP, the body alone, by topic and by wildcards", async () => {
    const [root, bus, display] = [unique("bridge"), await buses.connect(amqpUrl), await device()];
    const received: string[] = [];
    display.on("message", (topic, body) => received.push(`${topic.replace(root, "r")} ${body.toString()}`));
    await display.subscribeAsync([`${root}/kitchen/light`, `${root}/+/temperature`, `${root}/alarm/#`], { qos: 1 });

    await bus.publish(`${root}.kitchen.light`, { on: true }, { key: "k", headers: { a: "1" } });
    await bus.publish(`${root}.bath.temperature`, 22);
    await bus.publish(`${root}.alarm.fire.cellar`, "run", { contentType: "text/plain" });
    await bus.publish(`${root}.nobody.asked`, 1);
    await bus.publish(`${root}.living_x20_room.temperature`, 23, { delivery: "at-most-once" });

    await expect
      .poll(() => received.toSorted(), { timeout: 15_000 })
      .toEqual([
        "r/alarm/fire/cellar run",
        "r/bath/temperature 22",
        'r/kitchen/light {"on":true}',
        "r/living room/temperature 23",
      ]);
  });

  it("may be the bus itself over MQTT, which a bus on AMQP hears and answers, by topic and by wildcards", async () => {
    const edge = { url: mqttUrl, native: { protocolVersion: 4 } };
    const [root, inner, outer] = [
      unique("bridge"),
      await buses.connect(amqpUrl),
      await buses.connect(mqttUrl, { brokers: { main: edge } }),
    ];
    const received: string[] = [];
    const note = (label: string) => (payload: unknown, message: { topic: string; params: object }) =>
      received.push(`${label} ${message.topic.replace(root, "r")} ${JSON.stringify([payload, message.params])}`);
    await inner.subscribe(`${root}.up.{room}.temperature`, note("amqp"));
    await inner.subscribe(`${root}.up.**`, { group: `${root}-all` }, note("amqp group"));
    buses.forgetLater(inner, `${root}.up.**`, { group: `${root}-all` });
    // The plugin finds no retained messages by a wildcard, and so keeps no dead letters.
    const deadLetter = false;
    await outer.subscribe(`${root}.down.{room}.heating`, { deadLetter }, note("mqtt"));
    await outer.subscribe(`${root}.down.**`, { deadLetter, durable: true }, note("mqtt durable"));
    buses.forgetLater(outer, `${root}.down.**`, {});

    await outer.publish(`${root}.up.kitchen.temperature`, { celsius: 21.5 });
    await outer.publish(`${root}.up.bath.temperature`, 22, { delivery: "at-most-once" });
    await inner.publish(`${root}.down.kitchen.heating`, { on: true }, { headers: { a: "1" }, key: "k" });
    await inner.publish(`${root}.down.bath.door.open`, false);

    const expected = [
      "amqp group r.up.bath.temperature [22,{}]",
      'amqp group r.up.kitchen.temperature [{"celsius":21.5},{}]',
      'amqp r.up.bath.temperature [22,{"room":"bath"}]',
      'amqp r.up.kitchen.temperature [{"celsius":21.5},{"room":"kitchen"}]',
      "mqtt durable r.down.bath.door.open [false,{}]",
      'mqtt durable r.down.kitchen.heating [{"on":true},{}]',
      'mqtt r.down.kitchen.heating [{"on":true},{"room":"kitchen"}]',
    ];
    await expect.poll(() => received.toSorted(), { timeout: 15_000 }).toEqual(expected.toSorted());
    const refused = outer.subscribe(`${root}.up.**`, { deadLetter, group: "g" }, () => {});
    await expect(refused).rejects.toMatchObject({ code: "BUSBAR_UNSUPPORTED" });
  });
});
