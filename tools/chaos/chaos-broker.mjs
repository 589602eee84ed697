import { startInstance } from "../brokers/index.mjs";
import { behindProxy } from "../conformance/behind-proxy.mjs";
import { Network } from "./network.mjs";

/** @import { BrokerInstance } from "../brokers/broker-instance.mjs" */

/** Which of the development brokers speaks the protocol. @type {Readonly<Record<string, string>>} */
const kinds = { mqtt: "mosquitto", amqp: "rabbitmq", nats: "nats", kafka: "kafka", redis: "redis" };

/**
 * What can be broken, in the order of a run on all.
 *
 * @type {readonly string[]}
 */
export const protocols = ["memory", ...Object.keys(kinds)];

/** A private broker with a second way in, which leads over a network that can be broken. */
export class ChaosBroker {
  #instance;
  #network;

  /**
   * @param {BrokerInstance} instance
   * @param {Network} network
   */
  constructor(instance, network) {
    this.#instance = instance;
    this.#network = network;
  }

  /**
   * Starts a broker that speaks the protocol and resolves when it answers on both ways.
   *
   * @param {string} protocol
   * @param {(line: string) => void} log
   * @param {Readonly<Record<string, string | number>>} [settings] what is different in its configuration
   * @returns {Promise<ChaosBroker>} rejects with the reason when it cannot be had
   */
  static async start(protocol, log, settings) {
    const kind = kinds[protocol] ?? protocol;
    const isKafka = protocol === "kafka";
    const instance = await startInstance(kind, {
      label: "chaos",
      log,
      ...(settings === undefined ? {} : { config: { settings } }),
      ...(isKafka ? behindProxy : {}),
    });
    try {
      const { proxied = Number(new URL(instance.url).port), proxy = 0 } = instance.ports;
      return new ChaosBroker(instance, await Network.open({ port: proxy, target: proxied }));
    } catch (error) {
      await instance.destroy();
      throw error;
    }
  }

  /** The URL without the network between. */
  get url() {
    return this.#instance.url;
  }

  /** The URL whose connections go over the network. */
  get proxiedUrl() {
    const url = new URL(this.#instance.url);
    url.port = String(this.#network.port);
    return url.href;
  }

  /** What lies between that URL and the broker. */
  get network() {
    return this.#network;
  }

  /** What was started, as a name and a version. */
  get version() {
    return `${this.#instance.name} ${this.#instance.version ?? "(version unknown)"}`;
  }

  /**
   * Ends it and starts it again on the same data; resolves when it answers.
   *
   * @param {"SIGTERM" | "SIGKILL"} signal
   */
  async restart(signal = "SIGTERM") {
    await this.#instance.restart({ signal });
  }

  /** Ends it; nothing is left of it. */
  async destroy() {
    await this.#network.close();
    await this.#instance.destroy();
  }
}
