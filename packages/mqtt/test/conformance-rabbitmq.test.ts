import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { mqtt } from "../src/index.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "rabbitmq-mqtt",
    url: { variable: "BUSBAR_TEST_RABBITMQ_MQTT_URL" },
    create: (options) => mqtt({ ...options, native: { protocolVersion: 4, envelope: true } }),
    link: "tcp",
    ownServer: ownServer("rabbitmq", { endpoint: "mqtt" }),
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
