import { memory } from "@busbar/core";
import { certificateWriter, conformance } from "@busbar/testing";
import { describe, it } from "vitest";

conformance(
  { describe, it },
  {
    name: "memory",
    url: "memory://conformance",
    create: memory,
    deadlineMs: 5_000,
    quietMs: 100,
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
