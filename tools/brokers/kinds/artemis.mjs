import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { downloadsFolder } from "../checkout.mjs";
import { locateEmbedded, runEmbedded } from "../java-server.mjs";
import { mqttAccepts } from "../probes/mqtt.mjs";

/** @import { BrokerKind } from "../broker-kind.mjs" */
/** @import { JavaServer } from "../java-server.mjs" */

const version = "2.55.0";
/** @type {JavaServer} */
const server = {
  name: "Artemis",
  product: "ActiveMQ Artemis",
  version,
  artifact: `org.apache.artemis:artemis-mqtt-protocol:${version}`,
  jars: join(downloadsFolder, `artemis-${version}`),
};
const program = fileURLToPath(new URL("../artemis/Server.java", import.meta.url));

/**
 * ActiveMQ Artemis with its MQTT acceptor and persistence, and without the limit of deliveries beyond which it drops a message.
 *
 * @type {BrokerKind}
 */
export const artemis = {
  name: "artemis",
  endpoints: { mqtt: { url: (port) => `mqtt://127.0.0.1:${port}`, probe: mqttAccepts } },
  startTimeoutMs: 120_000,
  stopTimeoutMs: 30_000,

  locate: async () => locateEmbedded(server, 17),

  launch({ folder, ports }, { tools }, { settings, append, files, credentials }) {
    if (settings !== undefined || append !== undefined || credentials !== undefined) {
      throw new TypeError('The configuration of artemis is one XML file: give another "conf/broker.xml" in files.');
    }
    return {
      ...runEmbedded(server, program, folder, tools),
      files: { "conf/broker.xml": configuration(ports["mqtt"] ?? 0), ...files },
    };
  },
};

/** @param {number} port */
function configuration(port) {
  return `<?xml version="1.0" encoding="UTF-8"?>
<configuration xmlns="urn:activemq">
  <core xmlns="urn:activemq:core">
    <name>busbar</name>
    <security-enabled>false</security-enabled>
    <persistence-enabled>true</persistence-enabled>
    <journal-type>NIO</journal-type>
    <bindings-directory>data/bindings</bindings-directory>
    <journal-directory>data/journal</journal-directory>
    <large-messages-directory>data/large</large-messages-directory>
    <paging-directory>data/paging</paging-directory>
    <acceptors>
      <acceptor name="mqtt">tcp://127.0.0.1:${port}?protocols=MQTT</acceptor>
    </acceptors>
    <address-settings>
      <address-setting match="#">
        <max-delivery-attempts>-1</max-delivery-attempts>
      </address-setting>
    </address-settings>
  </core>
</configuration>
`;
}
