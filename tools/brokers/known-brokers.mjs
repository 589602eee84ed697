import { kafka } from "./kinds/kafka.mjs";
import { mosquitto } from "./kinds/mosquitto.mjs";
import { nats } from "./kinds/nats.mjs";
import { rabbitmq } from "./kinds/rabbitmq.mjs";
import { redis } from "./kinds/redis.mjs";

/** @import { BrokerKind } from "./broker-kind.mjs" */

/** @type {ReadonlyMap<string, BrokerKind>} */
const kinds = new Map([mosquitto, rabbitmq, nats, kafka, redis].map((kind) => [kind.name, kind]));

/**
 * Every broker name that can be asked for, in the order in which they are listed.
 *
 * @type {readonly string[]}
 */
export const brokerNames = [...kinds.keys()];

/**
 * Returns the kind behind a name, or throws an error that names all known ones.
 *
 * @param {string} name
 * @returns {BrokerKind}
 */
export function brokerKind(name) {
  const kind = kinds.get(name);
  if (kind === undefined) {
    throw new UnknownBrokerError(name);
  }
  return kind;
}

/** Says that a name belongs to no broker, and which names do. */
export class UnknownBrokerError extends Error {
  /** @param {string} unknown */
  constructor(unknown) {
    super(`There is no broker "${unknown}"; known are ${brokerNames.join(", ")}.`);
    this.name = "UnknownBrokerError";
  }
}
