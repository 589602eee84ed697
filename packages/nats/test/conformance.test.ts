import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { nats } from "../src/index.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "nats",
    url: { variable: "BUSBAR_TEST_NATS_URL" },
    create: ({ leaseMs, ...options }) =>
      nats(leaseMs === undefined ? options : { ...options, native: { ackWaitMs: leaseMs } }),
    leaseMs: 1_000,
    link: "tcp",
    ownServer: ownServer("nats"),
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
