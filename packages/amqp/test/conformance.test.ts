import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { amqp } from "../src/index.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "rabbitmq",
    url: { variable: "BUSBAR_TEST_RABBITMQ_URL" },
    create: amqp,
    link: "tcp",
    ownServer: ownServer("rabbitmq"),
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
