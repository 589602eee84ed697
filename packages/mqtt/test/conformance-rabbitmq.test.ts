import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { harnessWith } from "./kit.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "rabbitmq-mqtt",
    url: { variable: "BUSBAR_TEST_RABBITMQ_MQTT_URL" },
    ...harnessWith({ protocolVersion: 4, envelope: true }),
    ownServer: ownServer("rabbitmq", { endpoint: "mqtt" }),
  },
);
