import { certificateWriter, conformance } from "@busbar/testing";
import { describe, it } from "vitest";
import { amqp } from "../src/index.ts";

conformance(
  { describe, it },
  {
    name: "rabbitmq",
    url: { variable: "BUSBAR_TEST_RABBITMQ_URL" },
    create: amqp,
    link: "tcp",
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
