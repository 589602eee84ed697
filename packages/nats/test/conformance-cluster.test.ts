import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { patient } from "../../../tools/conformance/patience.mjs";
import { nats } from "../src/index.ts";
import { threeServers } from "./three-servers.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "three of the installed nats-server",
    url: { variable: "BUSBAR_TEST_NATS_URL" },
    create: ({ members: replicas, ...options }) => nats({ ...options, native: { ...(replicas && { replicas }) } }),
    cluster: () => threeServers("nats"),
    only: ["H4"],
    deadlineMs: patient(10_000),
  },
);
