import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { mqtt } from "../src/index.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "mosquitto-websocket",
    url: { variable: "BUSBAR_TEST_MOSQUITTO_WS_URL" },
    create: mqtt,
    link: "tcp",
    ownServer: ownServer("mosquitto", { endpoint: "ws" }),
    breaks: { E8: "mosquitto hands 4 KiB of a message to a WebSocket each tenth of a second" },
    forgets: { groups: "mosquitto keeps no shared subscription over its restart" },
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
