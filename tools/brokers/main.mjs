#!/usr/bin/env node
import { brokerStatus } from "./broker-status.mjs";
import { help, parseOrder } from "./command-line.mjs";
import { BrokersUnavailableError, ensureBrokers } from "./ensure-brokers.mjs";
import { stopBrokers } from "./stop-brokers.mjs";
import { messageOf } from "./thrown.mjs";

/** @import { Order } from "./command-line.mjs" */

const log = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
const print = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

process.exitCode = await main(process.argv.slice(2));

/** @param {readonly string[]} args */
async function main(args) {
  /** @type {Order} */
  let order;
  try {
    order = parseOrder(args);
  } catch (error) {
    log(`${messageOf(error)}\n\n${help}`);
    return 2;
  }
  try {
    await carryOut(order);
    return 0;
  } catch (error) {
    if (error instanceof BrokersUnavailableError) {
      show(error.brokers, order.json);
    }
    log(messageOf(error));
    return 1;
  }
}

/** @param {Order} order */
async function carryOut({ command, names, json }) {
  switch (command) {
    case "up":
      return show(await ensureBrokers(names, { log }), json);
    case "down": {
      const stopped = await stopBrokers(names, { log });
      return json
        ? print(JSON.stringify({ stopped }))
        : print(stopped.length === 0 ? "nothing was running" : `stopped: ${stopped.join(", ")}`);
    }
    case "status": {
      const { brokers, instances } = await brokerStatus(names, { log });
      show(brokers, json);
      for (const { name, folder, ownerPid } of json ? [] : instances) {
        print(`private ${name} of process ${ownerPid} in ${folder}`);
      }
      return;
    }
    default:
      print(help);
  }
}

/**
 * @param {ReadonlyMap<string, import("./available-broker.mjs").AvailableBroker | import("./ensure-brokers.mjs").SkippedBroker | import("./broker-status.mjs").AbsentBroker>} brokers
 * @param {boolean} json
 */
function show(brokers, json) {
  if (json) {
    print(JSON.stringify(Object.fromEntries(brokers), undefined, 2));
    return;
  }
  const width = Math.max(...[...brokers.keys()].map((name) => name.length)) + 2;
  for (const [name, broker] of brokers) {
    if ("skipped" in broker) {
      print(`${name.padEnd(width)}skipped: ${broker.skipped}`);
    } else if ("absent" in broker) {
      print(`${name.padEnd(width)}${broker.absent}`);
    } else {
      const origin = [broker.version, broker.source, broker.pid && `process ${broker.pid}`].filter(Boolean).join(", ");
      print(`${name.padEnd(width)}${origin}`);
      for (const [endpoint, url] of Object.entries(broker.urls)) {
        print(`${"".padEnd(width)}${endpoint.padEnd(12)}${url}`);
      }
    }
  }
}
