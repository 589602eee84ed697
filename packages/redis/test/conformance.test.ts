import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { redis } from "../src/index.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "redis",
    url: { variable: "BUSBAR_TEST_REDIS_URL" },
    create: ({ leaseMs, ...options }) => redis(leaseMs === undefined ? options : { ...options, native: { leaseMs } }),
    leaseMs: 1_000,
    link: "tcp",
    ownServer: ownServer("redis"),
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
