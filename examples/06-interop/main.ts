import { connect } from "@busbar/core";

// One RabbitMQ, two protocols: a device speaks MQTT, a service speaks AMQP, and neither knows of the other.
const devices = await connect({
  service: "device",
  instance: "one",
  brokers: {
    main: { url: process.env["MQTT_URL"] ?? "mqtt://127.0.0.1:1883", native: { protocolVersion: 4 } },
  },
});
const services = await connect({
  service: "saver",
  brokers: { main: process.env["AMQP_URL"] ?? "amqp://127.0.0.1:5672" },
});

let bothHeard = 0;
let done = (): void => undefined;
const allHeard = new Promise<void>((resolve) => (done = resolve));
const heard = (): void => {
  if (++bothHeard === 2) done();
};

const saver = await services.subscribe("sensor.*.temperature", { group: "saver" }, async (celsius, { topic }) => {
  console.log(`over AMQP: ${topic} is ${String(celsius)} °C`);
  await services.publish("thermostat.kitchen", { celsius: 20 });
  heard();
});
await devices.subscribe<{ celsius: number }>("thermostat.*", { deadLetter: false }, ({ celsius }, { topic }) => {
  console.log(`over MQTT: ${topic} shall be ${celsius} °C`);
  heard();
});

await devices.publish("sensor.kitchen.temperature", 21.5);
await allHeard;

await saver.remove();
await services.close();
await devices.close();
