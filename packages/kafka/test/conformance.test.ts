import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { kafka } from "../src/index.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "kafka",
    url: { variable: "BUSBAR_TEST_KAFKA_URL" },
    create: kafka,
    link: "own-server",
    ownServer: ownServer("kafka", { isBehindProxy: true }),
    // A member that joins waits for the group; a new topic under a wildcard is found by asking now and then.
    deadlineMs: 45_000,
    quietMs: 1_000,
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
