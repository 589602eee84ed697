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

/** The brokers that have a certificate, in the order of the tables: its file and its page. */
export const certified = /** @type {const} */ ([
  { name: "memory", page: "docs/brokers/memory.md" },
  { name: "mosquitto", page: "docs/brokers/mqtt.md" },
  { name: "rabbitmq", page: "docs/brokers/amqp.md" },
  { name: "kafka", page: "docs/brokers/kafka.md" },
  { name: "nats", page: "docs/brokers/nats.md" },
  { name: "redis", page: "docs/brokers/redis.md" },
]);

/**
 * The folder of the certificates that the pages are made from.
 *
 * @type {string}
 */
export const certificatesFolder = join(checkoutFolder, "docs", "certificates");

/**
 * Reads the certificates of a folder, by name, and throws when one is missing.
 *
 * @param {string} folder
 * @returns {ReadonlyMap<string, Certificate>}
 */
export function readCertificates(folder) {
  const files = new Set(readdirSync(folder));
  const missing = certified.filter(({ name }) => !files.has(`${name}.json`)).map(({ name }) => name);
  if (missing.length > 0) {
    throw new Error(
      `${folder} has no certificate of ${missing.join(", ")}. Make them with BUSBAR_TEST_CERTIFICATES=<folder> npm test.`,
    );
  }
  return new Map(certified.map(({ name }) => [name, JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"))]));
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
