/** Which of the development brokers speaks the protocol. @type {Readonly<Record<string, string>>} */
const brokers = { mqtt: "mosquitto", amqp: "rabbitmq", kafka: "kafka", nats: "nats", redis: "redis" };

/**
 * What can be soaked, in the order of a run on all.
 *
 * @type {readonly string[]}
 */
export const protocols = ["memory", ...Object.keys(brokers)];

/**
 * The development broker that speaks the protocol; none in memory.
 *
 * @param {string} protocol
 * @returns {string | undefined}
 */
export function brokerOf(protocol) {
  return brokers[protocol];
}
