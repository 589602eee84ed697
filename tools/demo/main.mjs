#!/usr/bin/env node
import { checkoutFolder } from "../brokers/checkout.mjs";
import { messageOf } from "../brokers/thrown.mjs";
import { runCommand } from "../command/run-command.mjs";
import { help, parseOrder } from "./command-line.mjs";
import { withBroker } from "./demo-brokers.mjs";
import { installMissing } from "./install-missing.mjs";
import { nodeProblem } from "./node-problem.mjs";
import { ProgressLine } from "./progress-line.mjs";
import { runSource } from "./run-source.mjs";
import { stopSignal } from "./stop-signal.mjs";
import { demonstrateWeather } from "./weather-demo.mjs";

/** @import { Order } from "./command-line.mjs" */

/** Where the examples are that are one program. @type {Readonly<Record<string, string>>} */
const folders = {
  order: "02-order",
  browser: "04-browser",
  devices: "05-devices",
  interop: "06-interop",
  qos: "07-qos",
};

const progress = new ProgressLine(process.stderr);

await runCommand({ help, parseOrder, isHelp: ({ example }) => example === "help", carryOut });

/** @param {Order} order */
async function carryOut(order) {
  const signal = stopSignal((line) => progress.log(line));
  try {
    const problem = nodeProblem(checkoutFolder);
    if (problem !== undefined) {
      throw new Error(problem);
    }
    installMissing(checkoutFolder, (line) => progress.log(line));
    return await demonstrate(order, signal);
  } catch (error) {
    progress.log(messageOf(error));
    return signal.aborted ? 130 : 1;
  }
}

/**
 * @param {Order} order
 * @param {AbortSignal} signal
 */
async function demonstrate({ example, brokers, stations, deadlineMs }, signal) {
  if (example === "weather") {
    return demonstrateWeather({ brokers, stations, deadlineMs, signal, progress });
  }
  const file = `examples/${folders[example] ?? "00-hello"}/main.ts`;
  const [protocol = "memory"] = brokers;
  return withBroker(
    protocol,
    (url, urls) => {
      progress.log(`BUSBAR_URL=${url.replace(/\/\/[^@/]*@/, "//…@")} ${file}`);
      // A name that stays, because MQTT keeps messages by the name of the process.
      const others = { AMQP_URL: url, MQTT_URL: urls["mqtt"] ?? url, BROKER_WS: urls["ws"] ?? "", PORT: "0" };
      return runSource([file], { BUSBAR_URL: url, BUSBAR_INSTANCE: "demo", ...others }, signal);
    },
    (line) => progress.log(line),
  );
}
