import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { kafka } from "../src/index.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "kafka-platformatic",
    url: { variable: "BUSBAR_TEST_KAFKA_URL" },
    create: ({ leaseMs, ...options }) =>
      kafka({ ...options, native: { client: "platformatic", ...(leaseMs && { sessionTimeoutMs: leaseMs }) } }),
    leaseMs: 6_000,
    link: "own-server",
    ownServer: ownServer("kafka", { isBehindProxy: true }),
    deadlineMs: patient(45_000),
    quietMs: 1_000,
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
