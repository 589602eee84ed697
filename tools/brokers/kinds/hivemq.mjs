import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { downloadsFolder } from "../checkout.mjs";
import { locateEmbedded, runEmbedded } from "../java-server.mjs";
import { layOver } from "../lay-over.mjs";
import { mqttWebSocketAccepts } from "../probes/http.mjs";
import { mqttAccepts } from "../probes/mqtt.mjs";

/** @import { BrokerKind } from "../broker-kind.mjs" */
/** @import { JavaServer } from "../java-server.mjs" */

const version = "2025.5";
/** @type {JavaServer} */
const server = {
  name: "HiveMQ",
  product: "HiveMQ",
  version,
  artifact: `com.hivemq:hivemq-community-edition-embedded:${version}`,
  jars: join(downloadsFolder, `hivemq-${version}`),
};
const program = fileURLToPath(new URL("../hivemq/Server.java", import.meta.url));

/**
 * HiveMQ Community Edition over TCP and WebSocket, with persistence and without the limit that makes it drop confirmed messages.
 *
 * @type {BrokerKind}
 */
export const hivemq = {
  name: "hivemq",
  endpoints: {
    mqtt: { url: (port) => `mqtt://127.0.0.1:${port}`, probe: mqttAccepts },
    ws: { url: (port) => `ws://127.0.0.1:${port}/mqtt`, probe: mqttWebSocketAccepts },
  },
  startTimeoutMs: 120_000,
  stopTimeoutMs: 30_000,

  locate: async () => locateEmbedded(server, 11),

  launch({ folder, ports }, { tools }, { settings = {}, append, files, credentials }) {
    if (append !== undefined) {
      throw new TypeError("The configuration of hivemq is XML: change it by settings, nothing can be appended.");
    }
    const ours = {
      listeners: {
        "tcp-listener": { port: ports["mqtt"], "bind-address": "127.0.0.1" },
        "websocket-listener": { port: ports["ws"], "bind-address": "127.0.0.1", path: "/mqtt" },
      },
      mqtt: { "queued-messages": { "max-queue-size": 1_000_000 } },
      "anonymous-usage-statistics": { enabled: false },
    };
    const config = element("hivemq", layOver(ours, settings));
    return {
      ...runEmbedded(server, program, folder, tools),
      files: {
        "conf/config.xml": `<?xml version="1.0" encoding="UTF-8"?>\n${config}`,
        ...(credentials === undefined ? {} : { credentials: `${credentials.username}\n${credentials.password}\n` }),
        ...files,
      },
    };
  },
};

/**
 * Writes nested settings as XML; a list becomes one element an item.
 *
 * @param {string} name
 * @param {any} value
 * @param {string} [indent]
 * @returns {string}
 */
function element(name, value, indent = "") {
  if (Array.isArray(value)) {
    return value.map((item) => element(name, item, indent)).join("");
  }
  const content =
    typeof value === "object"
      ? `\n${Object.entries(value)
          .map(([inner, held]) => element(inner, held, `${indent}  `))
          .join("")}${indent}`
      : String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `${indent}<${name}>${content}</${name}>\n`;
}
