import { createHash } from "node:crypto";
import { join } from "node:path";

import { keyValueLines } from "../key-value-lines.mjs";
import { amqpStarts } from "../probes/amqp.mjs";
import { httpAnswers, mqttWebSocketAccepts } from "../probes/http.mjs";
import { mqttAccepts } from "../probes/mqtt.mjs";
import { findProgram } from "../programs.mjs";

/** @import { BrokerKind, Credentials } from "../broker-kind.mjs" */

/** Who RabbitMQ lets in by default, and from loopback only. */
const guest = { username: "guest", password: "guest" };

/**
 * RabbitMQ with its MQTT, MQTT over WebSocket and management plugins, with an epmd of its own.
 *
 * @type {BrokerKind}
 */
export const rabbitmq = {
  name: "rabbitmq",
  endpoints: {
    amqp: { url: (port, user = guest) => `amqp://${userInfo(user)}@127.0.0.1:${port}`, probe: amqpStarts },
    mqtt: { url: (port) => `mqtt://127.0.0.1:${port}`, probe: mqttAccepts },
    ws: { url: (port) => `ws://127.0.0.1:${port}/ws`, probe: mqttWebSocketAccepts },
    management: { url: (port, user = guest) => `http://${userInfo(user)}@127.0.0.1:${port}`, probe: httpAnswers },
  },
  innerPorts: ["distribution", "epmd"],
  startTimeoutMs: 120_000,
  stopTimeoutMs: 30_000,

  async locate() {
    // What Debian puts on the PATH is a wrapper that changes the user; the program itself runs as whoever starts it.
    const server = findProgram("rabbitmq-server", [
      "/usr/lib/rabbitmq/bin",
      "/opt/homebrew/opt/rabbitmq/sbin",
      "/usr/local/opt/rabbitmq/sbin",
    ]);
    const epmd = findProgram("epmd");
    if (server === undefined || epmd === undefined) {
      return {
        missing: server === undefined ? "the program rabbitmq-server" : "the program epmd",
        packages: ["rabbitmq-server"],
      };
    }
    return { tools: { server, epmd } };
  },

  launch({ folder, dataFolder, ports }, { tools }, { settings, append = "", files, credentials }) {
    const general = {
      "listeners.tcp.1": `127.0.0.1:${ports["amqp"]}`,
      "mqtt.listeners.tcp.1": `127.0.0.1:${ports["mqtt"]}`,
      "mqtt.allow_anonymous": credentials === undefined,
      "web_mqtt.tcp.ip": "127.0.0.1",
      "web_mqtt.tcp.port": ports["ws"],
      "management.tcp.ip": "127.0.0.1",
      "management.tcp.port": ports["management"],
      default_user: (credentials ?? guest).username,
      default_pass: (credentials ?? guest).password,
      "default_user_tags.administrator": true,
      "log.console": true,
      "log.console.level": "info",
      "log.console.use_colors": "off",
      "log.file": false,
      // The limit of 50 MB on a small disk would block every publisher; a full disk shows anyway.
      "disk_free_limit.absolute": "20MB",
    };
    return {
      // epmd in the foreground stays in our process group; the one that Erlang starts would become a daemon outside of it.
      command: "/bin/sh",
      args: [
        "-c",
        '"$1" -address 127.0.0.1 -port "$ERL_EPMD_PORT" & exec "$0"',
        tools["server"] ?? "rabbitmq-server",
        tools["epmd"] ?? "epmd",
      ],
      env: {
        ...withoutForeignSettings(),
        HOME: folder,
        RABBITMQ_NODENAME: `busbar-${createHash("sha256").update(folder).digest("hex").slice(0, 8)}@localhost`,
        RABBITMQ_DIST_PORT: String(ports["distribution"]),
        ERL_EPMD_PORT: String(ports["epmd"]),
        ERL_EPMD_ADDRESS: "127.0.0.1",
        ERL_CRASH_DUMP_SECONDS: "0",
        RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
        RABBITMQ_CONFIG_FILES: join(folder, "conf.d", "*.conf"),
        RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, "advanced.config"),
        RABBITMQ_CONF_ENV_FILE: join(folder, "rabbitmq-env.conf"),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
        RABBITMQ_MNESIA_BASE: dataFolder,
        RABBITMQ_LOG_BASE: join(folder, "log"),
        RABBITMQ_GENERATED_CONFIG_DIR: join(folder, "generated"),
        RABBITMQ_PLUGINS_EXPAND_DIR: join(folder, "plugins"),
        RABBITMQ_PID_FILE: join(folder, "rabbitmq.pid"),
        // No spinning schedulers: an idle broker leaves the processor to the tests.
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
          "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
      },
      files: {
        "rabbitmq.conf": `${keyValueLines({ ...general, ...settings }, " = ")}${append}`,
        "rabbitmq-env.conf": "",
        "advanced.config": "[].\n",
        enabled_plugins: "[rabbitmq_mqtt,rabbitmq_web_mqtt,rabbitmq_management].\n",
        ...files,
      },
    };
  },
};

/** @param {Credentials} credentials */
function userInfo({ username, password }) {
  return `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
}

/** @returns {Record<string, undefined>} */
function withoutForeignSettings() {
  const foreign = Object.keys(process.env).filter((name) => /^(RABBITMQ_|ERL_|NOTIFY_SOCKET$|detached$)/.test(name));
  return Object.fromEntries(foreign.map((name) => [name, undefined]));
}
