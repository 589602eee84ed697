import { certificateWriter, conformance } from "@busbar/testing";
import { describe, it } from "vitest";
import { mqtt } from "../src/index.ts";

conformance(
  { describe, it },
  {
    name: "mosquitto",
    url: { variable: "BUSBAR_TEST_MOSQUITTO_URL" },
    create: mqtt,
    link: "tcp",
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
