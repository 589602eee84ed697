import { certificateWriter, conformance } from "@busbar/testing";
import { describe, it } from "vitest";
import { redis } from "../src/index.ts";

conformance(
  { describe, it },
  {
    name: "redis",
    url: { variable: "BUSBAR_TEST_REDIS_URL" },
    create: redis,
    link: "tcp",
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
