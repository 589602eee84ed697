import { join } from "node:path";

import { ensureBrokers, stopBrokers } from "../brokers/index.mjs";
import { withFileLock } from "../brokers/file-lock.mjs";
import { ensureDemoFolder } from "./demo-folder.mjs";
import { startEncryptedMosquitto } from "./encrypted-mosquitto.mjs";

/**
 * What a demo can run on.
 *
 * @typedef {object} Target
 * @property {string} broker which of the development brokers
 * @property {boolean} [isEncrypted] whether it is one of the demo's own, with TLS
 * @property {string} [endpoint] which of its endpoints; the first unless told otherwise
 * @property {boolean} [isUsual] whether `--on all` means it too
 * @property {boolean} [isLossy] whether nothing is promised there
 */

/**
 * What a demo can run on, by the name that it is asked for with.
 *
 * @type {Readonly<Record<string, Target>>}
 */
export const demoBrokers = {
  mqtt: { broker: "mosquitto", isUsual: true },
  amqp: { broker: "rabbitmq", isUsual: true },
  kafka: { broker: "kafka", isUsual: true },
  nats: { broker: "nats", isUsual: true },
  redis: { broker: "redis", isUsual: true },
  "mqtt-tls": { broker: "mosquitto", isEncrypted: true },
  "mqtt-ws": { broker: "mosquitto", endpoint: "ws" },
  hivemq: { broker: "hivemq" },
  kafka4: { broker: "kafka4" },
  "nats-core": { broker: "nats", isLossy: true },
};

/**
 * Runs the work with a broker that answers: the one that runs already, else one that is started now and taken down afterwards;
 * in memory there is none to start. One demo at a time has a broker of this checkout, another waits. Rejects with the reason, and what to
 * type, when the broker cannot be had.
 *
 * @template Result
 * @param {string} protocol
 * @param {(url: string, urls: Readonly<Record<string, string>>) => Promise<Result>} work gets all its endpoints too
 * @param {(line: string) => void} log
 * @returns {Promise<Result>}
 */
export function withBroker(protocol, work, log) {
  const target = demoBrokers[protocol];
  // A demo that starts a broker of its own is in nobody's way.
  const shared = target === undefined || target.isEncrypted === true ? protocol : target.broker;
  return withFileLock(
    join(ensureDemoFolder(), `${shared}.lock`),
    () => {
      if (target === undefined) {
        return work("memory:", {});
      }
      return target.isEncrypted === true ? onEncrypted(work, log) : onBroker(target, work, log);
    },
    { onWait: (pid) => log(`waiting for process ${pid}, which runs a demo there …`) },
  );
}

/**
 * @template Result
 * @param {(url: string, urls: Readonly<Record<string, string>>) => Promise<Result>} work
 * @param {(line: string) => void} log
 */
async function onEncrypted(work, log) {
  const mosquitto = await startEncryptedMosquitto();
  log("a mosquitto with TLS was started for this; it goes when this ends");
  // Where the configuration finds it.
  process.env["BROKER_CA"] = mosquitto.ca;
  try {
    return await work(mosquitto.url, {});
  } finally {
    await mosquitto.end();
  }
}

/**
 * @template Result
 * @param {Target} target
 * @param {(url: string, urls: Readonly<Record<string, string>>) => Promise<Result>} work
 * @param {(line: string) => void} log
 */
async function onBroker({ broker: name, endpoint }, work, log) {
  const broker = (await ensureBrokers([name], { log, required: [] })).get(name);
  if (broker === undefined || "skipped" in broker) {
    throw new Error(`${name} cannot be had: ${broker?.skipped ?? "it is unknown"}`);
  }
  const started = broker.source === "started";
  log(
    started
      ? `${name} was started for this; it goes when this ends`
      : `${name} ${broker.version ?? ""} runs already; it stays`,
  );
  try {
    return await work((endpoint === undefined ? undefined : broker.urls[endpoint]) ?? broker.url, broker.urls);
  } finally {
    if (started) {
      await stopBrokers([name], { log });
    }
  }
}
