import { createHash } from "node:crypto";
import { join } from "node:path";

import { downloadsFolder } from "./checkout.mjs";
import { findJava } from "./java.mjs";
import { locateJars } from "./java-server.mjs";
import { keyValueLines } from "./key-value-lines.mjs";
import { kafkaHasBroker } from "./probes/kafka.mjs";

/** @import { BrokerKind, Credentials } from "./broker-kind.mjs" */

/**
 * Describes one version of Apache Kafka: a KRaft node, broker and controller in one, tuned to start fast and stay small. It is alone, unless settings
 * name a quorum of several, each with its `node.id`.
 *
 * @param {object} edition
 * @param {string} edition.name
 * @param {string} edition.version of the Maven artifact `org.apache.kafka:kafka_2.13`
 * @param {number} edition.javaMajor the oldest Java it runs on
 * @returns {BrokerKind}
 */
export function apacheKafka({ name, version, javaMajor }) {
  const server = {
    name: "Kafka",
    product: "Apache Kafka",
    version,
    artifact: `org.apache.kafka:kafka_2.13:${version}`,
    jars: join(downloadsFolder, `kafka-${version}`),
  };

  return {
    name,
    endpoints: {
      kafka: { url: (port) => `kafka://127.0.0.1:${port}`, probe: kafkaHasBroker },
    },
    innerPorts: ["controller"],
    startTimeoutMs: 120_000,
    stopTimeoutMs: 30_000,

    locate: async () =>
      locateJars(server, findJava(javaMajor), {
        missing: `Java ${javaMajor} or later`,
        packages: ["default-jre-headless"],
      }),

    launch({ dataFolder, ports }, { tools }, { settings, append = "", files, credentials }) {
      const java = tools["java"] ?? "java";
      const flags = [
        "-Djava.net.preferIPv4Stack=true",
        // Else a killed one leaves a file in the system's temporary folder.
        "-XX:-UsePerfData",
        "-Dlog4j.configuration=file:log4j.properties",
        "-cp",
        join(tools["jars"] ?? server.jars, "*"),
      ];
      const security = credentials === undefined ? {} : plainPassword(credentials);
      const all = { ...singleNode(dataFolder, ports), ...security, ...settings };
      return {
        command: java,
        args: [...heap(all), ...flags, "kafka.Kafka", "server.properties"],
        env: {},
        files: {
          "server.properties": `${keyValueLines(all, "=")}${append}`,
          "log4j.properties": log4j,
          ...files,
        },
        prepare: {
          command: java,
          args: [
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            ...flags,
            "kafka.tools.StorageTool",
            "format",
            "-t",
            clusterId(all),
            "-c",
            "server.properties",
          ],
        },
      };
    },
  };
}

/**
 * @param {string} dataFolder
 * @param {Record<string, number>} ports
 */
function singleNode(dataFolder, ports) {
  const broker = `PLAINTEXT://127.0.0.1:${ports["kafka"]}`;
  return {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${ports["controller"]}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `${broker},CONTROLLER://127.0.0.1:${ports["controller"]}`,
    "advertised.listeners": broker,
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": dataFolder,
    "auto.create.topics.enable": false,
    "num.partitions": 1,
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.num.partitions": 5,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.num.partitions": 5,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    // A group of one test has nobody to wait for, and tests of lost members cannot wait long.
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,
    // Every segment reserves its index files at full size, and the cleaner its buffer for each thread.
    "log.segment.bytes": 16 * 1024 * 1024,
    "log.index.size.max.bytes": 1024 * 1024,
    "offsets.topic.segment.bytes": 4 * 1024 * 1024,
    "transaction.state.log.segment.bytes": 4 * 1024 * 1024,
    "metadata.log.segment.bytes": 8 * 1024 * 1024,
    "log.cleaner.enable": true,
    "log.cleaner.threads": 1,
    "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
    "log.cleaner.backoff.ms": 5_000,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
  };
}

/** @param {Credentials} credentials */
function plainPassword({ username, password }) {
  const module = "org.apache.kafka.common.security.plain.PlainLoginModule";
  const jaas = [
    ["username", username],
    ["password", password],
    [`user_${username}`, password],
  ];
  return {
    "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "listener.name.plaintext.plain.sasl.jaas.config": `${module} required ${jaas.map(([key, value = ""]) => `${key}="${quoted(value)}"`).join(" ")};`,
  };
}

/** @param {string} value */
function quoted(value) {
  // Read twice, first as a line of a properties file, then as a quoted JAAS value: a backslash takes four, a quote two.
  return value.replaceAll("\\", "\\\\\\\\").replaceAll('"', '\\\\"');
}

const log4j = `log4j.rootLogger=WARN, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=%d{ISO8601} %p %m (%c)%n
log4j.logger.kafka.server=INFO
log4j.logger.org.apache.kafka.common.utils.AppInfoParser=INFO
`;

/** @typedef {{ "controller.quorum.voters": string }} Quorum */

/** @param {Quorum} settings Several share the machine. */
function heap({ "controller.quorum.voters": voters }) {
  return voters.includes(",") ? ["-Xmx320m", "-Xms128m"] : ["-Xmx512m", "-Xms256m"];
}

/** @param {Quorum} settings All that the members of a quorum know of each other before they start, and so what they can agree by. */
function clusterId({ "controller.quorum.voters": voters }) {
  const bytes = createHash("sha256").update(voters).digest().subarray(0, 16);
  // In base64url it could begin with "-", as an option does.
  bytes.writeUInt8(bytes.readUInt8() & 0x7f);
  return bytes.toString("base64url");
}
