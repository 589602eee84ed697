import { artemis } from "./kinds/artemis.mjs";
import { hivemq } from "./kinds/hivemq.mjs";
import { kafka } from "./kinds/kafka.mjs";
import { kafka4 } from "./kinds/kafka4.mjs";
import { mosquitto } from "./kinds/mosquitto.mjs";
import { nats211, nats212 } from "./kinds/nats-boundaries.mjs";
import { natsLatest } from "./kinds/nats-latest.mjs";
import { nats } from "./kinds/nats.mjs";
import { rabbitmq } from "./kinds/rabbitmq.mjs";
import { redis } from "./kinds/redis.mjs";

/** @import { BrokerKind } from "./broker-kind.mjs" */

/** What most suites talk to. */
const usual = [mosquitto, rabbitmq, nats, kafka, redis];

/** Other products and versions, which the suites that are about them start for themselves, or somebody who names them. */
const further = [kafka4, natsLatest, nats211, nats212, hivemq, artemis];

/** @type {ReadonlyMap<string, BrokerKind>} */
const kinds = new Map([...usual, ...further].map((kind) => [kind.name, kind]));

/**
 * Every broker name that can be asked for, in the order in which they are listed.
 *
 * @type {readonly string[]}
 */
export const brokerNames = [...kinds.keys()];

/**
 * The brokers that are meant where no name is given.
 *
 * @type {readonly string[]}
 */
export const usualBrokerNames = usual.map(({ name }) => name);

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
