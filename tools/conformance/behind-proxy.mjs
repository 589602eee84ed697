/** @import { ConfigChanges, InstancePlace } from "../brokers/broker-kind.mjs" */

/**
 * What a private Kafka is started with to have a second listener, `proxied`, whose clients are told to go to the port `proxy`: they go on
 * where the broker says it is, so the way over a proxy needs a listener that names it.
 *
 * @type {{ extraPorts: readonly string[], config: (place: InstancePlace) => ConfigChanges }}
 */
export const behindProxy = { extraPorts: ["proxied", "proxy"], config: secondListener };

/**
 * @param {InstancePlace} place
 * @returns {ConfigChanges}
 */
function secondListener({ ports }) {
  const at = (/** @type {string} */ name, /** @type {string} */ port) => `${name}://127.0.0.1:${ports[port]}`;
  return {
    settings: {
      listeners: [at("PLAINTEXT", "kafka"), at("PROXIED", "proxied"), at("CONTROLLER", "controller")].join(","),
      "advertised.listeners": [at("PLAINTEXT", "kafka"), at("PROXIED", "proxy")].join(","),
      "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
    },
  };
}
