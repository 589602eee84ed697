import { describe } from "vitest";
import { brokerUrlOf } from "../../../integration/support/broker-url.ts";

type Describe = (name: string, suite: () => void) => void;

const mosquitto = "BUSBAR_TEST_MOSQUITTO_URL";
const webSocket = "BUSBAR_TEST_MOSQUITTO_WS_URL";
const rabbit = "BUSBAR_TEST_RABBITMQ_MQTT_URL";
const rabbitWebSocket = "BUSBAR_TEST_RABBITMQ_WS_URL";

/** The URL of a mosquitto for tests, such as `mqtt://127.0.0.1:1883`; empty where there is none. */
export const mosquittoUrl: string = brokerUrlOf(mosquitto, "mosquitto") ?? "";

/** Like `describe`, skipped where there is no mosquitto. */
export const describeOnMosquitto: Describe = onBroker(mosquittoUrl, mosquitto);

/** The URL of the same mosquitto over WebSocket, such as `ws://127.0.0.1:9001/mqtt`; empty where there is none. */
export const mosquittoWebSocketUrl: string = brokerUrlOf(webSocket, "mosquitto with WebSocket") ?? "";

/** Like `describe`, skipped where there is no mosquitto with WebSocket. */
export const describeOnWebSocket: Describe = onBroker(mosquittoWebSocketUrl, webSocket);

/** The URL of RabbitMQ's MQTT plugin for tests; empty where there is none. */
export const rabbitUrl: string = brokerUrlOf(rabbit, "RabbitMQ with its MQTT plugin") ?? "";

/** Like `describe`, skipped where there is no RabbitMQ with its MQTT plugin. */
export const describeOnRabbit: Describe = onBroker(rabbitUrl, rabbit);

/** The URL of the same plugin over WebSocket, such as `ws://127.0.0.1:15675/ws`; empty where there is none. */
export const rabbitWebSocketUrl: string = brokerUrlOf(rabbitWebSocket, "RabbitMQ with its Web MQTT plugin") ?? "";

/** Like `describe`, skipped where there is no RabbitMQ with its Web MQTT plugin. */
export const describeOnRabbitWebSocket: Describe = onBroker(rabbitWebSocketUrl, rabbitWebSocket);

function onBroker(url: string, variable: string): Describe {
  return url === "" ? (name, suite) => describe.skip(`${name} (needs ${variable})`, suite) : describe;
}
