import { certificateWriter, conformance } from "@busbar/testing";
import { describe, it } from "vitest";
import { nats } from "../src/index.ts";

conformance(
  { describe, it },
  {
    name: "nats",
    url: { variable: "BUSBAR_TEST_NATS_URL" },
    create: nats,
    link: "tcp",
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
