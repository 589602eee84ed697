import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { checkoutFolder } from "../brokers/checkout.mjs";

/**
 * What the pages need of a certificate of the conformance kit (`packages/testing/src/certificate.ts`).
 *
 * @typedef {object} Certificate
 * @property {string} name of the broker, as the file is called
 * @property {string} adapter
 * @property {string} product
 * @property {string} version
 * @property {Readonly<Record<string, string>>} declared support by capability, at best
 * @property {Readonly<Record<string, string>>} effective support by capability, on that server
 * @property {readonly CaseResult[]} results
 */

/**
 * How one case ended.
 *
 * @typedef {object} CaseResult
 * @property {string} law
 * @property {string} face
 * @property {string} title
 * @property {boolean} everywhere
 * @property {string} status
 * @property {string} [form]
 * @property {string} [reason]
 */

/**
 * What is tried by the kit and shown: the name of its certificate, and the page that it is shown on. `called` names it where the server does not
 * tell its version, or it is tried in another way than by default; `isFurther` keeps it out of the table of all brokers. What is `onlyWhenAsked` is
 * no part of `npm test`, and may be missing from what that found.
 *
 * @typedef {object} Certified
 * @property {string} name
 * @property {string} page
 * @property {string} [called]
 * @property {boolean} [isFurther]
 * @property {boolean} [onlyWhenAsked]
 */

/**
 * What has a certificate, in the order of the tables.
 *
 * @type {readonly Certified[]}
 */
export const certified = [
  { name: "memory", page: "docs/brokers/memory.md", called: "in memory" },
  { name: "mosquitto", page: "docs/brokers/mqtt.md" },
  { name: "mosquitto-qos2", page: "docs/brokers/mqtt.md", called: "mosquitto at QoS 2", isFurther: true },
  {
    name: "mosquitto-v4",
    page: "docs/brokers/mqtt.md",
    called: "mosquitto on MQTT 3.1.1, with an envelope",
    isFurther: true,
  },
  {
    name: "mosquitto-websocket",
    page: "docs/brokers/mqtt.md",
    called: "mosquitto over WebSocket",
    isFurther: true,
    onlyWhenAsked: true,
  },
  {
    name: "rabbitmq-mqtt",
    page: "docs/brokers/mqtt.md",
    called: "RabbitMQ 3.10 on MQTT 3.1.1, with an envelope",
    isFurther: true,
    onlyWhenAsked: true,
  },
  { name: "hivemq", page: "docs/brokers/mqtt.md", called: "HiveMQ CE 2025.5", isFurther: true, onlyWhenAsked: true },
  {
    name: "artemis",
    page: "docs/brokers/mqtt.md",
    called: "ActiveMQ Artemis 2.55.0",
    isFurther: true,
    onlyWhenAsked: true,
  },
  { name: "rabbitmq", page: "docs/brokers/amqp.md" },
  {
    name: "rabbitmq-classic",
    page: "docs/brokers/amqp.md",
    called: "RabbitMQ with classic queues, priorities and direct replies",
    isFurther: true,
  },
  { name: "kafka", page: "docs/brokers/kafka.md", called: "Apache Kafka 3.9" },
  {
    name: "kafka-platformatic",
    page: "docs/brokers/kafka.md",
    called: "Apache Kafka 3.9 by platformatic",
    isFurther: true,
  },
  { name: "kafka4", page: "docs/brokers/kafka.md", called: "Apache Kafka 4.1", isFurther: true },
  {
    name: "kafka4-platformatic",
    page: "docs/brokers/kafka.md",
    called: "Apache Kafka 4.1 by platformatic",
    isFurther: true,
  },
  { name: "nats", page: "docs/brokers/nats.md" },
  { name: "nats-latest", page: "docs/brokers/nats.md", isFurther: true },
  { name: "redis", page: "docs/brokers/redis.md" },
];

/**
 * The folder of the certificates that the pages are made from.
 *
 * @type {string}
 */
export const certificatesFolder = join(checkoutFolder, "docs", "certificates");

/**
 * Reads the certificates of a folder, by name, and throws when one is missing, but for what is made only when it is asked for.
 *
 * @param {string} folder
 * @returns {ReadonlyMap<string, Certificate>}
 */
export function readCertificates(folder) {
  const files = new Set(readdirSync(folder));
  const there = certified.filter(({ name, onlyWhenAsked }) => !onlyWhenAsked || files.has(`${name}.json`));
  const missing = there.filter(({ name }) => !files.has(`${name}.json`)).map(({ name }) => name);
  if (missing.length > 0) {
    throw new Error(
      `${folder} has no certificate of ${missing.join(", ")}. Make them with BUSBAR_TEST_CERTIFICATES=<folder> npm test.`,
    );
  }
  return new Map(there.map(({ name }) => [name, JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"))]));
}

/**
 * Keeps certificates, without what differs between two runs that found the same.
 *
 * @param {ReadonlyMap<string, Certificate>} certificates
 */
export function keepCertificates(certificates) {
  mkdirSync(certificatesFolder, { recursive: true });
  for (const [name, certificate] of certificates) {
    writeFileSync(join(certificatesFolder, `${name}.json`), `${JSON.stringify(withoutTimes(certificate), null, 2)}\n`);
  }
}

/** @param {Certificate} certificate */
function withoutTimes(certificate) {
  return {
    ...certificate,
    results: certificate.results.map((result) =>
      Object.fromEntries(Object.entries(result).filter(([property]) => property !== "tookMs")),
    ),
  };
}
