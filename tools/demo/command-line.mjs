import { parseArgs } from "node:util";

import { chosen, wholeNumber } from "../command/option-values.mjs";
import { demoBrokers } from "./demo-brokers.mjs";

const usual = Object.keys(demoBrokers).filter((name) => demoBrokers[name]?.isUsual === true);

/**
 * What `--help` prints.
 *
 * @type {string}
 */
export const help = `Usage: npm run demo -- [weather|order|hello|devices|interop|qos|browser] [--on <broker>] [--stations <number>]

  weather   2,922 real weather readings, three services that handle them, and a proof that none was lost (the default)
  order     one order, three steps: first one after the other, then in parallel over the bus, then with one of them away
  hello     the smallest program there is
  devices   what a panel sees of two devices over MQTT: last values, one that is switched off, one that dies
  interop   a device that speaks MQTT and a service that speaks AMQP, on one RabbitMQ
  qos       what arrives over MQTT of messages that were published while their subscriber was away
  browser   a page with live readings over MQTT and WebSocket, served on 127.0.0.1 until Ctrl-C

  --on <broker>          memory (the default), ${Object.keys(demoBrokers).join(", ")};
                         the broker is started when it does not run yet.
                         With weather also several, side by side, as in "mqtt,kafka", and "all": memory, ${usual.join(", ")}.
                         nats-core is core NATS, which promises nothing: there the report says what was lost
  --stations <number>    weather: so many invented stations beside the two real ones, at most 5000
  --deadline <seconds>   weather: give up a broker that is not done by then (180 unless told otherwise)
  --help                 prints this

Needs nothing but Node: what is missing is installed first. Exit code 0 only when everything was as it must be.
`;

/**
 * @typedef {object} Order
 * @property {"weather" | "order" | "hello" | "devices" | "interop" | "qos" | "browser" | "help"} example what to run
 * @property {readonly string[]} brokers the names of what to run it on, one after the other
 * @property {number} stations how many are invented
 * @property {number} deadlineMs how long a run on one broker may take
 */

const examples = /** @type {const} */ (["weather", "order", "hello", "devices", "interop", "qos", "browser"]);

/** What those run on that are about one broker. @type {Readonly<Record<string, readonly string[]>>} */
const ownBrokers = {
  devices: ["mqtt", "mqtt-ws"],
  interop: ["amqp"],
  qos: ["mqtt", "mqtt-ws", "hivemq"],
  browser: ["mqtt"],
};
const brokers = ["memory", ...Object.keys(demoBrokers)];

/**
 * Reads the arguments of the command, or throws an error that says what was not understood.
 *
 * @param {readonly string[]} args
 * @returns {Order}
 */
export function parseOrder(args) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      on: { type: "string" },
      stations: { type: "string" },
      deadline: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [word = "weather", ...surplus] = positionals;
  if (values.help || word === "help") {
    return { example: "help", brokers: [], stations: 0, deadlineMs: 0 };
  }
  const example = examples.find((known) => known === word);
  if (example === undefined || surplus.length > 0) {
    throw new Error(`There is no example "${surplus[0] ?? word}"; known are ${examples.join(", ")}, one at a time.`);
  }
  if (example !== "weather" && (values.stations !== undefined || values.deadline !== undefined)) {
    throw new Error("--stations and --deadline belong to the example weather.");
  }
  return {
    example,
    brokers: brokersOf(values.on ?? ownBrokers[example]?.[0] ?? "memory", example),
    stations: wholeNumber("--stations", values.stations ?? "0", 0, 5_000),
    deadlineMs: wholeNumber("--deadline", values.deadline ?? "180", 1, 86_400) * 1_000,
  };
}

/**
 * @param {string} on
 * @param {string} example
 */
function brokersOf(on, example) {
  if (example === "weather") {
    return on === "all" ? ["memory", ...usual] : [...new Set(chosen("--on", on, brokers))];
  }
  const possible = ownBrokers[example] ?? brokers;
  if (!possible.includes(on)) {
    throw new Error(`--on "${on}": known are ${possible.join(", ")}.`);
  }
  return [on];
}
