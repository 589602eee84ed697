import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { kafka } from "../src/index.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "kafka",
    url: { variable: "BUSBAR_TEST_KAFKA_URL" },
    create: ({ leaseMs, ...options }) =>
      kafka(leaseMs === undefined ? options : { ...options, native: { sessionTimeoutMs: leaseMs } }),
    // The least that a broker takes as it comes (group.min.session.timeout.ms).
    leaseMs: 6_000,
    link: "own-server",
    ownServer: ownServer("kafka", { isBehindProxy: true }),
    // A member that joins waits for the group; a new topic under a wildcard is found by asking now and then.
    deadlineMs: patient(45_000),
    quietMs: 1_000,
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
