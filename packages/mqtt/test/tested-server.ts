import { rabbitUrl, mosquittoUrl } from "./broker-url.ts";

/** A server that a suite is tried on, and what it has of what suites are about. */
export interface TestedServer {
  readonly name: string;
  readonly url: string;
  /** The versions of the protocol that it speaks. */
  readonly versions: readonly (4 | 5)[];
  /** The highest quality of service that it grants. */
  readonly mostQos: 1 | 2;
}

/** The mosquitto for tests. */
export const mosquitto: TestedServer = { name: "mosquitto", url: mosquittoUrl, versions: [5, 4], mostQos: 2 };

/** RabbitMQ with its MQTT plugin. */
export const rabbit: TestedServer = { name: "RabbitMQ's MQTT plugin", url: rabbitUrl, versions: [4], mostQos: 1 };
