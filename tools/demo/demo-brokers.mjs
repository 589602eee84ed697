import { join } from "node:path";

import { ensureBrokers, stopBrokers } from "../brokers/index.mjs";
import { withFileLock } from "../brokers/file-lock.mjs";
import { ensureDemoFolder } from "./demo-folder.mjs";

/**
 * The brokers of the demo by the protocol that they are asked for with, and which of the development brokers speaks it.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const demoBrokers = { mqtt: "mosquitto", amqp: "rabbitmq", kafka: "kafka", nats: "nats" };

/**
 * Runs the work with a broker that answers: the one that runs already, else one that is started now and taken down afterwards;
 * in memory there is none to start. One demo at a time has a broker of this checkout, another waits. Rejects with the reason, and what to
 * type, when the broker cannot be had.
 *
 * @template Result
 * @param {string} protocol
 * @param {(url: string) => Promise<Result>} work
 * @param {(line: string) => void} log
 * @returns {Promise<Result>}
 */
export function withBroker(protocol, work, log) {
  const name = demoBrokers[protocol];
  return withFileLock(
    join(ensureDemoFolder(), `${protocol}.lock`),
    () => (name === undefined ? work("memory:") : onBroker(name, work, log)),
    { onWait: (pid) => log(`waiting for process ${pid}, which runs a demo there …`) },
  );
}

/**
 * @template Result
 * @param {string} name
 * @param {(url: string) => Promise<Result>} work
 * @param {(line: string) => void} log
 */
async function onBroker(name, work, log) {
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
    return await work(broker.url);
  } finally {
    if (started) {
      await stopBrokers([name], { log });
    }
  }
}
