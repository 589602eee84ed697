import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { mqtt } from "../src/index.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "mosquitto-v4",
    url: { variable: "BUSBAR_TEST_MOSQUITTO_URL" },
    create: (options) => mqtt({ ...options, native: { protocolVersion: 4, envelope: true } }),
    link: "tcp",
    ownServer: ownServer("mosquitto"),
    forgets: { groups: "mosquitto keeps no shared subscription over its restart" },
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
