import { pbkdf2Sync, randomBytes } from "node:crypto";

import { findProgram, outputOf } from "../programs.mjs";
import { mqttWebSocketAccepts } from "../probes/http.mjs";
import { mqttAccepts } from "../probes/mqtt.mjs";
import { keyValueLines } from "../key-value-lines.mjs";

/** @import { BrokerKind, Credentials } from "../broker-kind.mjs" */

const passwordFile = "passwords";

/**
 * Eclipse Mosquitto over TCP and WebSocket, with persistence and without the limits that make it drop confirmed messages.
 *
 * @type {BrokerKind}
 */
export const mosquitto = {
  name: "mosquitto",
  endpoints: {
    mqtt: { url: (port) => `mqtt://127.0.0.1:${port}`, probe: mqttAccepts },
    ws: { url: (port) => `ws://127.0.0.1:${port}/mqtt`, probe: mqttWebSocketAccepts },
  },
  startTimeoutMs: 30_000,

  async locate() {
    const program = findProgram("mosquitto");
    if (program === undefined) {
      return { missing: "the program mosquitto", packages: ["mosquitto"] };
    }
    const version = /mosquitto version (\S+)/.exec(outputOf(program, ["-h"]))?.[1];
    return { tools: { mosquitto: program }, ...(version === undefined ? {} : { version }) };
  },

  launch({ dataFolder, ports }, { tools }, { settings, append = "", files, credentials }) {
    const general = {
      // Started as root it would change to a user that may not read the checkout.
      user: process.getuid?.() === 0 ? "root" : null,
      per_listener_settings: false,
      allow_anonymous: credentials === undefined,
      password_file: credentials === undefined ? null : passwordFile,
      persistence: true,
      persistence_location: `${dataFolder}/`,
      autosave_interval: 30,
      max_queued_messages: 0,
      max_inflight_messages: 0,
      set_tcp_nodelay: true,
      log_dest: "stdout",
      log_type: ["error", "warning", "notice", "information"],
      log_timestamp_format: "%Y-%m-%dT%H:%M:%S",
    };
    // Without a socket domain version 2.0.11 ignores the address of a WebSocket listener and listens on all of them.
    const listeners = `
listener ${ports["mqtt"]} 127.0.0.1
protocol mqtt

listener ${ports["ws"]} 127.0.0.1
protocol websockets
socket_domain ipv4
`;
    return {
      command: tools["mosquitto"] ?? "mosquitto",
      args: ["-c", "mosquitto.conf"],
      env: {},
      files: {
        "mosquitto.conf": `${keyValueLines({ ...general, ...settings }, " ")}${listeners}${append}`,
        ...(credentials === undefined ? {} : { [passwordFile]: `${passwordLine(credentials)}\n` }),
        ...files,
      },
    };
  },
};

/**
 * Writes one line of a Mosquitto password file: PBKDF2 with SHA-512, as `mosquitto_passwd` of version 2 does.
 *
 * @param {Credentials} credentials
 * @returns {string}
 */
export function passwordLine({ username, password }) {
  const iterations = 101;
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, iterations, 64, "sha512");
  return `${username}:$7$${iterations}$${salt.toString("base64")}$${hash.toString("base64")}`;
}
