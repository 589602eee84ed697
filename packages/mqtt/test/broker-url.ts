import { describe } from "vitest";

/** The URL of a mosquitto for tests, such as `mqtt://127.0.0.1:1883`; empty where there is none. */
export const mosquittoUrl: string = process.env["BUSBAR_TEST_MOSQUITTO_URL"] ?? "";

/** Like `describe`, skipped with a printed reason where there is no mosquitto. */
export const describeOnMosquitto: (name: string, suite: () => void) => void = onBroker("BUSBAR_TEST_MOSQUITTO_URL");

/** The URL of the same mosquitto over WebSocket, such as `ws://127.0.0.1:9001/mqtt`; empty where there is none. */
export const mosquittoWebSocketUrl: string = process.env["BUSBAR_TEST_MOSQUITTO_WS_URL"] ?? "";

/** Like `describe`, skipped with a printed reason where there is no mosquitto with WebSocket. */
export const describeOnWebSocket: (name: string, suite: () => void) => void = onBroker("BUSBAR_TEST_MOSQUITTO_WS_URL");

/** The URL of RabbitMQ's MQTT plugin for tests; empty where there is none. */
export const rabbitUrl: string = process.env["BUSBAR_TEST_RABBITMQ_MQTT_URL"] ?? "";

/** Like `describe`, skipped with a printed reason where there is no RabbitMQ with its MQTT plugin. */
export const describeOnRabbit: (name: string, suite: () => void) => void = onBroker("BUSBAR_TEST_RABBITMQ_MQTT_URL");

function onBroker(variable: string): (name: string, suite: () => void) => void {
  const present = (process.env[variable] ?? "") !== "";
  if (!present) console.warn(`Skipping tests that need a broker: set ${variable}.`);
  return present ? describe : (name, suite) => describe.skip(`${name} (needs ${variable})`, suite);
}
